namespace Skerry.Accounts.Users.SignIn;

/// <summary>Who waits for a password to be hashed. Each queue is bounded by itself, so that the one cannot fill the other.</summary>
internal enum PasswordQueue
{
    /// <summary>Whoever wants to sign in: anybody at all.</summary>
    Strangers,

    /// <summary>Whoever has signed in, and changes a password or makes a user.</summary>
    SignedIn,
}
