namespace Skerry.Accounts.Users;

/// <summary>What is stored of a user beside lists.</summary>
/// <param name="Email">The e-mail address.</param>
/// <param name="FirstName">Null: not given.</param>
/// <param name="LastName">Null: not given.</param>
/// <param name="PasswordHash">Null: there is no password.</param>
/// <param name="PasswordNumber">Counts the passwords, so that what the last one proved is not good after the next one is set.</param>
/// <param name="CreatedOn">When it was made.</param>
/// <param name="ModifiedOn">When it was last changed.</param>
internal sealed record UserRow(
    string Email, string? FirstName, string? LastName, string? PasswordHash, long PasswordNumber, DateTimeOffset CreatedOn, DateTimeOffset ModifiedOn);
