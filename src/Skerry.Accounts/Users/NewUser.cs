namespace Skerry.Accounts.Users;

/// <summary>What a user is made of.</summary>
/// <param name="Email">The e-mail address.</param>
/// <param name="Password">The password; null: none, so that only another sign-in or a passkey lets the user in.</param>
/// <param name="FirstName">Null: not given.</param>
/// <param name="LastName">Null: not given.</param>
/// <param name="Link">The identity at another sign-in that is this user's from the beginning; null: none.</param>
public sealed record NewUser(string Email, string? Password, string? FirstName = null, string? LastName = null, UserLink? Link = null)
{
    /// <summary>Without the password.</summary>
    public override string ToString() => $"user {Email}";
}
