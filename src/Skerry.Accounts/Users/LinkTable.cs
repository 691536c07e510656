using System.Text.Json;
using Skerry.Accounts.Audit;
using Skerry.Objects;

namespace Skerry.Accounts.Users;

/// <summary>A user's identities at other sign-ins, a table of his object's database.</summary>
/// <param name="parts">The user's object.</param>
/// <param name="keys">The keys that he holds.</param>
/// <param name="log">Adds an entry of what was done, by whom, with what was and what is.</param>
internal sealed class LinkTable(ObjectParts parts, HeldKeys keys, Action<string, Actor, string?, string?> log)
{
    public static void Create(SqlStorage sql) => sql.Exec("CREATE TABLE links (issuer TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (issuer, subject)) WITHOUT ROWID");

    public IReadOnlyList<UserLink> List() => parts.Sql.Exec<UserLink>("SELECT issuer, subject FROM links ORDER BY issuer, subject").ToList();

    public bool Contains(UserLink link) =>
        parts.Sql.Exec<long>("SELECT count(*) FROM links WHERE issuer = ? AND subject = ?", link.Issuer, link.Subject).One() > 0;

    public IEnumerable<byte[]> Keys() => List().Select(KeyOf);

    public static byte[] KeyOf(UserLink link) => UserKey.OfLink(link.Issuer, link.Subject);

    /// <summary>Adds one whose key is this user's, in the transaction that makes it so.</summary>
    public void Put(UserLink link) => parts.Sql.Exec("INSERT INTO links (issuer, subject) VALUES (?, ?)", link.Issuer, link.Subject);

    public void DeleteAll() => parts.Sql.Exec("DELETE FROM links");

    /// <summary>Makes one this user's: 1. Its key is taken. 2. It is written.</summary>
    public async Task<Answer<UserLink>> AddAsync(UserLink link, Actor by)
    {
        if (link.Problem is { } problem)
        {
            return new(null, AccountsFault.Invalid, problem);
        }

        if (Contains(link))
        {
            return link;
        }

        if (List().Count >= IUser.LinksMax)
        {
            return new(null, AccountsFault.TooMany, $"There are {IUser.LinksMax} links already; take one away first.");
        }

        // 1
        var key = KeyOf(link);
        if (!await keys.TakeAsync(key))
        {
            keys.Keep(key);
            return new(null, AccountsFault.Taken, "link: it is somebody else's.");
        }

        // 2
        parts.Storage.TransactionSync(() =>
        {
            Put(link);
            keys.Keep(key);
            log("link", by, null, Json(link));
        });
        return link;
    }

    /// <summary>Takes one away, and notes its key as one that is only held.</summary>
    public void Remove(UserLink link, Actor by) => parts.Storage.TransactionSync(() =>
    {
        parts.Sql.Exec("DELETE FROM links WHERE issuer = ? AND subject = ?", link.Issuer, link.Subject);
        keys.Note(KeyOf(link));
        log("unlink", by, Json(link), null);
    });

    private static string Json(UserLink link) => JsonSerializer.Serialize(link, AccountsJson.Default.UserLink);
}
