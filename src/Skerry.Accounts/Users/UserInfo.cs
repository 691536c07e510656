namespace Skerry.Accounts.Users;

/// <summary>A user. Immutable.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="Email">The e-mail address, in its one spelling.</param>
/// <param name="FirstName">Null: not given.</param>
/// <param name="LastName">Null: not given.</param>
/// <param name="TwoFactorEnabled">Whether signing in by password takes a code besides.</param>
/// <param name="HasPassword">Whether there is a password to sign in by.</param>
/// <param name="CreatedOn">When it was made.</param>
/// <param name="ModifiedOn">When the profile was last changed.</param>
public sealed record UserInfo(
    string Id,
    string Email,
    string? FirstName,
    string? LastName,
    bool TwoFactorEnabled,
    bool HasPassword,
    DateTimeOffset CreatedOn,
    DateTimeOffset ModifiedOn);
