using Skerry.Accounts.Audit;
using Skerry.Objects;

namespace Skerry.Accounts.Users.Passkeys;

/// <summary>A user's passkeys, a table of his object's database.</summary>
/// <param name="userId">The user.</param>
/// <param name="find">The user as he is now; null if there is none.</param>
/// <param name="parts">The user's object.</param>
/// <param name="check">Checks what authenticators answer.</param>
internal sealed class PasskeyTable(string userId, Func<UserRow?> find, ObjectParts parts, PasskeyCheck check)
{
    private const string Resource = "passkey";

    private readonly PasskeyChallenges _challenges = new(parts);

    public static void Create(SqlStorage sql)
    {
        PasskeyChallenges.Create(sql);
        sql.Exec(
            """
            CREATE TABLE passkeys (
                seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, credential BLOB NOT NULL UNIQUE, public_key BLOB NOT NULL, sign_count INTEGER NOT NULL,
                name TEXT NOT NULL, created_on INTEGER NOT NULL, last_used_on INTEGER)
            """);
    }

    public void MakeKey() => _challenges.MakeKey();

    public long Count() => parts.Sql.Exec<long>("SELECT count(*) FROM passkeys").One();

    public IReadOnlyList<PasskeyRecord> List() => parts.Sql.Exec<PasskeyRecord>("SELECT id, name, created_on, last_used_on FROM passkeys ORDER BY seq").ToList();

    public void DeleteAll()
    {
        parts.Sql.Exec("DELETE FROM passkeys");
        _challenges.DeleteAll();
    }

    /// <summary>What to ask an authenticator for, to add a passkey.</summary>
    public PasskeyRequest AskToAdd(UserRow user) => check.AskToAdd(userId, user, Stored(), _challenges.Ask(PasskeyPurpose.Add, userExists: true));

    /// <summary>What to ask an authenticator for, to sign in. Whether the user exists cannot be seen from it.</summary>
    public PasskeyRequest AskToSignIn(bool userExists) => check.AskToSignIn(_challenges.Ask(PasskeyPurpose.SignIn, userExists));

    /// <summary>Adds a passkey that an authenticator has made.</summary>
    public async Task<Answer<PasskeyRecord>> AddAsync(string name, string response, UserRow user, AuditLog audit, Actor by)
    {
        if (NameProblem(name) is { } problem)
        {
            return new(null, AccountsFault.Invalid, problem);
        }

        byte[]? challenge = null;
        var made = await check.AddedAsync(userId, user, Stored(), response, one => _challenges.IsGood(challenge = one, PasskeyPurpose.Add));

        // Others may have been in meanwhile, also with the same answer.
        if (made is null || find() is null || !_challenges.IsGood(challenge!, PasskeyPurpose.Add) || IdOf(made.Credential) is not null)
        {
            return new(null, AccountsFault.NotProved, "The authenticator's answer is not right, or came more than five minutes after it was asked, or twice.");
        }

        if (Count() >= IUser.PasskeysMax)
        {
            return new(null, AccountsFault.TooMany, $"There are {IUser.PasskeysMax} passkeys already; remove one first.");
        }

        var record = new PasskeyRecord(parts.NewId(), name, parts.Now(), null);
        parts.Storage.TransactionSync(() =>
        {
            _challenges.Answer(challenge!);
            parts.Sql.Exec(
                "INSERT INTO passkeys (id, credential, public_key, sign_count, name, created_on) VALUES (?, ?, ?, ?, ?, ?)",
                record.Id, made.Credential, made.PublicKey, made.SignCount, name, record.CreatedOn);
            audit.Add(new(parts.NewId(), record.CreatedOn, "add", by, Resource, record.Id, null, null));
        });
        return record;
    }

    public Answer<PasskeyRecord> Rename(string id, string name, AuditLog audit, Actor by)
    {
        if (NameProblem(name) is { } problem)
        {
            return new(null, AccountsFault.Invalid, problem);
        }

        if (Find(id) is not { } passkey)
        {
            return Missing(id);
        }

        parts.Storage.TransactionSync(() =>
        {
            parts.Sql.Exec("UPDATE passkeys SET name = ? WHERE id = ?", name, id);
            audit.Add(new(parts.NewId(), parts.Now(), "rename", by, Resource, id, null, null));
        });
        return passkey with { Name = name };
    }

    public Answer<PasskeyRecord> Remove(string id, AuditLog audit, Actor by)
    {
        if (Find(id) is not { } passkey)
        {
            return Missing(id);
        }

        parts.Storage.TransactionSync(() =>
        {
            parts.Sql.Exec("DELETE FROM passkeys WHERE id = ?", id);
            audit.Add(new(parts.NewId(), parts.Now(), "remove", by, Resource, id, null, null));
        });
        return passkey;
    }

    /// <summary>Uses up a challenge that one of the passkeys has signed; the passkey's id, or null if the answer is not right.</summary>
    public async Task<string?> TrySignInAsync(string response, AuditLog audit, Actor by)
    {
        var (passkey, challenge, countedBack) = await check.SignedAsync(userId, Stored(), response, one => _challenges.IsGood(one, PasskeyPurpose.SignIn));
        if (passkey is null || IdOf(passkey.Credential) is not { } id)
        {
            return null;
        }

        if (countedBack)
        {
            // Only who has the key comes here: there are two of it.
            audit.Add(new(parts.NewId(), parts.Now(), "refuse_copy", by, Resource, id, null, null));
            return null;
        }

        // Others may have been in meanwhile, also with the same answer.
        if (challenge.Length == 0 || !_challenges.IsGood(challenge, PasskeyPurpose.SignIn))
        {
            return null;
        }

        parts.Storage.TransactionSync(() =>
        {
            _challenges.Answer(challenge);
            parts.Sql.Exec("UPDATE passkeys SET sign_count = ?, last_used_on = ? WHERE id = ?", passkey.SignCount, parts.Now(), id);
        });
        return id;
    }

    private IReadOnlyList<StoredPasskey> Stored() => parts.Sql.Exec<StoredPasskey>("SELECT credential, public_key, sign_count FROM passkeys ORDER BY seq").ToList();

    private string? IdOf(byte[] credential) => parts.Sql.Exec<string>("SELECT id FROM passkeys WHERE credential = ?", credential).OneOrDefault();

    private PasskeyRecord? Find(string id) =>
        parts.Sql.Exec<PasskeyRecord>("SELECT id, name, created_on, last_used_on FROM passkeys WHERE id = ?", id).OneOrDefault();

    private static string? NameProblem(string name) =>
        name is null or { Length: 0 or > PasskeyRecord.NameCharsMax } || name.Any(char.IsControl)
            ? $"name: it is missing or too long, or has control characters; accepted: 1 to {PasskeyRecord.NameCharsMax} characters."
            : null;

    private static Answer<PasskeyRecord> Missing(string id) => new(null, AccountsFault.NotFound, $"There is no passkey {id}.");
}
