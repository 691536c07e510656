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
            created_on INTEGER NOT NULL, modified_on INTEGER NOT NULL);
        CREATE TABLE links (issuer TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (issuer, subject)) WITHOUT ROWID
        """);

    public UserRow? Find() => parts.Sql.Exec<UserRow>($"SELECT {Columns} FROM user").OneOrDefault();

    public void Put(UserRow row)
    {
        parts.Sql.Exec("DELETE FROM user");
        parts.Sql.Exec(
            $"INSERT INTO user ({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            row.Email, row.FirstName, row.LastName, row.PasswordHash, row.PasswordNumber, row.CreatedOn, row.ModifiedOn);
    }

    public void Delete()
    {
        parts.Sql.Exec("DELETE FROM user");
        parts.Sql.Exec("DELETE FROM links");
    }

    /// <summary>Replaces the hash of a password that is the same.</summary>
    public void Strengthen(string before, string after) => parts.Sql.Exec("UPDATE user SET password_hash = ? WHERE password_hash = ?", after, before);

    public IReadOnlyList<UserLink> Links() => parts.Sql.Exec<UserLink>("SELECT issuer, subject FROM links ORDER BY issuer, subject").ToList();

    public void AddLink(UserLink link) => parts.Sql.Exec("INSERT OR IGNORE INTO links (issuer, subject) VALUES (?, ?)", link.Issuer, link.Subject);

    public void RemoveLink(UserLink link) => parts.Sql.Exec("DELETE FROM links WHERE issuer = ? AND subject = ?", link.Issuer, link.Subject);

    /// <summary>The keys by which this user is found, and nobody else.</summary>
    public IReadOnlyList<byte[]> Keys() =>
        Find() is { } row ? [UserKey.OfEmail(row.Email), .. Links().Select(static link => UserKey.OfLink(link.Issuer, link.Subject))] : [];

    public UserInfo Show(UserRow row, bool twoFactor) =>
        new(userId, row.Email, row.FirstName, row.LastName, twoFactor, row.PasswordHash is not null, row.CreatedOn, row.ModifiedOn);
}
