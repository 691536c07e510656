namespace Skerry.Accounts.Users.Passkeys;

/// <summary>What a challenge is good for.</summary>
internal enum PasskeyPurpose
{
    /// <summary>Adding a passkey.</summary>
    Add,

    /// <summary>Signing in.</summary>
    SignIn,
}
