using Skerry.Objects;

namespace Skerry.Accounts.Users;

/// <summary>The one row of a user that is there, in his object's database.</summary>
/// <param name="userId">The user.</param>
/// <param name="parts">The user's object.</param>
internal sealed class UserTable(string userId, ObjectParts parts)
{
    private const string Columns = "email, first_name, last_name, password_hash, password_number, created_on, modified_on";

    public static void Create(SqlStorage sql) => sql.Exec(
        """
        CREATE TABLE user (
            email TEXT NOT NULL, first_name TEXT, last_name TEXT, password_hash TEXT, password_number INTEGER NOT NULL,
            created_on INTEGER NOT NULL, modified_on INTEGER NOT NULL)
        """);

    public UserRow? Find() => parts.Sql.Exec<UserRow>($"SELECT {Columns} FROM user").OneOrDefault();

    public void Put(UserRow row)
    {
        parts.Sql.Exec("DELETE FROM user");
        parts.Sql.Exec(
            $"INSERT INTO user ({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            row.Email, row.FirstName, row.LastName, row.PasswordHash, row.PasswordNumber, row.CreatedOn, row.ModifiedOn);
    }

    public void Delete() => parts.Sql.Exec("DELETE FROM user");

    /// <summary>Replaces the hash of a password that is the same.</summary>
    public void Strengthen(string before, string after) => parts.Sql.Exec("UPDATE user SET password_hash = ? WHERE password_hash = ?", after, before);

    public UserInfo Show(UserRow row, bool twoFactor) =>
        new(userId, row.Email, row.FirstName, row.LastName, twoFactor, row.PasswordHash is not null, row.CreatedOn, row.ModifiedOn);
}
