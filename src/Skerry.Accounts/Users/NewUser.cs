using System.Diagnostics.CodeAnalysis;
using Skerry.Accounts.Users.SignIn;

namespace Skerry.Accounts.Users;

/// <summary>What a user is made of.</summary>
/// <param name="Email">The e-mail address.</param>
/// <param name="Password">The password; null: none, so that only another sign-in or a passkey lets the user in.</param>
/// <param name="FirstName">Null: not given.</param>
/// <param name="LastName">Null: not given.</param>
/// <param name="Link">The identity at another sign-in that is this user's from the beginning; null: none.</param>
public sealed record NewUser(string Email, string? Password, string? FirstName = null, string? LastName = null, UserLink? Link = null)
{
    /// <summary>Checks all of it.</summary>
    /// <param name="address">The e-mail address in its one spelling.</param>
    /// <param name="problem">Why it is refused, as a sentence with the field's name.</param>
    internal bool TryCheck([NotNullWhen(true)] out string? address, [NotNullWhen(false)] out string? problem)
    {
        if (EmailAddress.TryNormalize(Email, out address, out problem))
        {
            problem = UserNames.Problem(FirstName, LastName) ?? Link?.Problem ?? (Password is null ? null : PasswordRules.Problem(Password, address));
        }

        return problem is null;
    }

    /// <summary>Without the password.</summary>
    public override string ToString() => $"user {Email}";
}
