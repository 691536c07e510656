using Skerry.Accounts.Audit;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;
using Skerry.Objects;

namespace Skerry.Accounts.Users.Sessions;

/// <summary>
/// A user's sessions, a table of his object's database. A session is a user's token in form and in the index, and stands for
/// the user himself: it may do whatever he may, until it expires. It cannot be edited or rolled, and no list of tokens has it.
/// </summary>
/// <param name="userId">The user.</param>
/// <param name="parts">The user's object.</param>
/// <param name="audit">Its audit log.</param>
/// <param name="index">Where tokens are found by their values.</param>
internal sealed class SessionTable(string userId, ObjectParts parts, AuditLog audit, DurableObjectNamespace<ITokenIndex> index)
{
    private const string Columns = "id, hash, created_on, expires_on, address, user_agent, last_used_on";
    private const string Resource = "session";
    private const int UserAgentCharsMax = 300;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);
    private static readonly TimeSpan LastUsedStep = TimeSpan.FromMinutes(1);

    public static void Create(SqlStorage sql) => sql.Exec(
        """
        CREATE TABLE sessions (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, hash BLOB NOT NULL, created_on INTEGER NOT NULL, expires_on INTEGER NOT NULL,
            address TEXT, user_agent TEXT, last_used_on INTEGER)
        """);

    /// <summary>Begins a session, unless the user is not to have one any more when its value is filed.</summary>
    /// <param name="action">How the user has proved himself, for the log.</param>
    /// <param name="mayStill">Looked at when nothing can come between any more.</param>
    /// <param name="by">The user.</param>
    public async Task<CreatedSession?> BeginAsync(string action, Func<bool> mayStill, Actor by)
    {
        var value = ApiToken.Create(TokenKind.User, parts.Random);
        var id = parts.NewId();
        await index.Of(value.Hash).Put(value.Hash.ToArray(), new(TokenKind.User, userId, id));
        if (!mayStill())
        {
            RemoveFromIndex(value.Hash.ToArray());
            return null;
        }

        var now = parts.Now();
        var agent = by.UserAgent is { Length: > UserAgentCharsMax } ? by.UserAgent[..UserAgentCharsMax] : by.UserAgent;
        var session = new SessionRecord(id, now, now + Lifetime, by.Address, agent, null);
        parts.Storage.TransactionSync(() =>
        {
            Drop("expires_on <= ?", now);
            Drop("seq NOT IN (SELECT seq FROM sessions ORDER BY seq DESC LIMIT ?)", IUser.SessionsMax - 1);
            parts.Sql.Exec(
                $"INSERT INTO sessions ({Columns}) VALUES (?, ?, ?, ?, ?, ?, NULL)",
                id, value.Hash.ToArray(), session.CreatedOn, session.ExpiresOn, session.Address, session.UserAgent);
            audit.Add(new(parts.NewId(), now, action, by with { Kind = ActorKind.User, Id = userId }, Resource, id, null, null));
        });
        return new(userId, session, value.Reveal());
    }

    public IReadOnlyList<SessionRecord> List() =>
        parts.Sql.Exec<Row>($"SELECT {Columns} FROM sessions WHERE expires_on > ? ORDER BY seq DESC", parts.Now()).ToList().ConvertAll(static row => row.ToRecord());

    /// <summary>Ends a session; null if there is none.</summary>
    public SessionRecord? End(string id, Actor by)
    {
        if (Find(id) is not { } row)
        {
            return null;
        }

        parts.Storage.TransactionSync(() =>
        {
            Drop("id = ?", id);
            audit.Add(new(parts.NewId(), parts.Now(), "sign_out", by, Resource, id, null, null));
        });
        return row.ToRecord();
    }

    /// <summary>Ends all sessions but one, in the transaction of what makes that needed; its entry covers them.</summary>
    public void EndOthers(string? kept) => Drop("id IS NOT ?", kept);

    /// <summary>The session as the token that it is, if its value has this hash.</summary>
    public TokenRecord? Check(string id, byte[] hash) =>
        Find(id) is { } row && TokenHash.FromBytes(row.Hash) == TokenHash.FromBytes(hash) && row.ExpiresOn > parts.Now()
            ? new(
                row.Id,
                new("session", UserRights.EverythingOf(userId), ExpiresOn: row.ExpiresOn),
                1,
                row.CreatedOn,
                row.CreatedOn,
                row.LastUsedOn,
                IsSession: true)
            : null;

    public void RecordUse(string id, DateTimeOffset at) => parts.Sql.Exec(
        "UPDATE sessions SET last_used_on = ?1 WHERE id = ?2 AND (last_used_on IS NULL OR last_used_on < ?3)", at, id, at - LastUsedStep);

    private Row? Find(string id) => parts.Sql.Exec<Row>($"SELECT {Columns} FROM sessions WHERE id = ?", id).OneOrDefault();

    private void Drop(string condition, SqlValue value)
    {
        foreach (var hash in parts.Sql.Exec<byte[]>($"DELETE FROM sessions WHERE {condition} RETURNING hash", value).ToList())
        {
            RemoveFromIndex(hash);
        }
    }

    // Nobody waits for it: what is filed is nothing without the session.
    private void RemoveFromIndex(byte[] hash) => parts.Context.WaitUntil(index.Of(TokenHash.FromBytes(hash)).Remove(hash));

    private sealed record Row(
        string Id, byte[] Hash, DateTimeOffset CreatedOn, DateTimeOffset ExpiresOn, string? Address, string? UserAgent, DateTimeOffset? LastUsedOn)
    {
        public SessionRecord ToRecord() => new(Id, CreatedOn, ExpiresOn, Address, UserAgent, LastUsedOn);
    }
}
