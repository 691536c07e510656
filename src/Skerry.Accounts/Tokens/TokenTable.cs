using System.Text.Json;
using Skerry.Accounts.Audit;
using Skerry.Objects;

namespace Skerry.Accounts.Tokens;

/// <summary>
/// The tokens that an object owns, a table of its own database. A value is in the index before its token has it, and is
/// taken out after the token has it no more; an entry that leads to a token with another hash is none.
/// </summary>
/// <param name="kind">Whose they are.</param>
/// <param name="ownerId">The user or account.</param>
/// <param name="parts">The owner's object.</param>
/// <param name="audit">Its audit log.</param>
/// <param name="index">Where tokens are found by their values.</param>
/// <param name="ownerExists">Whether the owner is still there.</param>
internal sealed class TokenTable(
    TokenKind kind, string ownerId, ObjectParts parts, AuditLog audit, DurableObjectNamespace<ITokenIndex> index, Func<bool> ownerExists)
{
    private const string Columns = "id, settings, hash, version, issued_on, modified_on, last_used_on";
    private const string Resource = "token";
    private static readonly TimeSpan LastUsedStep = TimeSpan.FromMinutes(1);

    // How often all of them were ended. What is being made then is none of those that are made afterwards.
    private long _ends;

    public static void Create(SqlStorage sql) => sql.Exec(
        """
        CREATE TABLE tokens (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, settings TEXT NOT NULL, hash BLOB NOT NULL, version INTEGER NOT NULL,
            issued_on INTEGER NOT NULL, modified_on INTEGER NOT NULL, last_used_on INTEGER
        )
        """);

    public async Task<Answer<CreatedToken>> CreateAsync(TokenSettings settings, Actor by, string? wanted)
    {
        if ((Refusal<CreatedToken>(settings, out var json) ?? Obstacle()) is { } refusal)
        {
            return refusal;
        }

        var (id, ends) = (wanted ?? parts.NewId(), _ends);
        var value = await AddToIndexAsync(id);

        // Others may have been in meanwhile.
        if ((Obstacle() ?? (ends == _ends ? null : new(null, AccountsFault.Changed, "All tokens were ended meanwhile."))) is { } obstacle)
        {
            RemoveFromIndex(value.Hash);
            return obstacle;
        }

        var now = parts.Now();
        var token = new TokenRecord(id, settings, 1, now, now, null);
        parts.Storage.TransactionSync(() =>
        {
            parts.Sql.Exec(
                "INSERT INTO tokens (id, settings, hash, version, issued_on, modified_on) VALUES (?, ?, ?, ?, ?, ?)",
                id, json, value.Hash.ToArray(), token.Version, now, now);
            audit.Add(new(parts.NewId(), now, "create", by, Resource, id, null, json));
        });
        return new CreatedToken(token, value.Reveal());

        Answer<CreatedToken>? Obstacle() =>
            !ownerExists() ? new(null, AccountsFault.NotFound, "Whoever was to own the token is gone.")
            : wanted is not null && audit.Knows(wanted) ? new(null, AccountsFault.Taken, $"There is or was a token {wanted}.")
            : Count() >= ITokenHolder.TokensMax ? new(null, AccountsFault.TooMany, $"There are {ITokenHolder.TokensMax} tokens already; delete some first.")
            : null;
    }

    public TokenRecord? Find(string id) => FindRow(id)?.ToRecord();

    public TokenPage List(int skip, int take)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(take);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(take, ITokenHolder.ListMax);
        var rows = parts.Sql.Exec<Row>($"SELECT {Columns} FROM tokens ORDER BY seq DESC LIMIT ? OFFSET ?", take, skip).ToList();
        return new([.. rows.Select(static row => row.ToRecord())], Count());
    }

    public Answer<TokenRecord> Update(string id, TokenSettings settings, long? version, Actor by)
    {
        if (Refusal<TokenRecord>(settings, out var json) is { } refusal)
        {
            return refusal;
        }

        if (FindRow(id) is not { } row || row.IsNot(version))
        {
            return Missed<TokenRecord>(id);
        }

        var token = row.ToRecord() with { Settings = settings, Version = row.Version + 1, ModifiedOn = parts.Now() };
        parts.Storage.TransactionSync(() =>
        {
            parts.Sql.Exec(
                "UPDATE tokens SET settings = ?, version = ?, modified_on = ? WHERE id = ?", json, token.Version, token.ModifiedOn, id);
            audit.Add(new(parts.NewId(), token.ModifiedOn, "update", by, Resource, id, row.Settings, json));
        });
        return token;
    }

    public async Task<Answer<CreatedToken>> RollAsync(string id, long? version, Actor by)
    {
        if (FindRow(id) is not { } first || first.IsNot(version))
        {
            return Missed<CreatedToken>(id);
        }

        var value = await AddToIndexAsync(id);

        // Others may have been in meanwhile: what was looked at is what is rolled, or nothing is.
        if (FindRow(id) is not { } row || row.IsNot(version))
        {
            RemoveFromIndex(value.Hash);
            return Missed<CreatedToken>(id);
        }

        var token = row.ToRecord() with { Version = row.Version + 1, ModifiedOn = parts.Now() };
        parts.Storage.TransactionSync(() =>
        {
            parts.Sql.Exec(
                "UPDATE tokens SET hash = ?, version = ?, modified_on = ? WHERE id = ?", value.Hash.ToArray(), token.Version, token.ModifiedOn, id);
            audit.Add(new(parts.NewId(), token.ModifiedOn, "roll", by, Resource, id, row.Settings, row.Settings));
        });
        RemoveFromIndex(TokenHash.FromBytes(row.Hash));
        return new CreatedToken(token, value.Reveal());
    }

    public Answer<TokenRecord> Delete(string id, long? version, Actor by)
    {
        if (FindRow(id) is not { } row || row.IsNot(version))
        {
            return Missed<TokenRecord>(id);
        }

        parts.Storage.TransactionSync(() =>
        {
            parts.Sql.Exec("DELETE FROM tokens WHERE id = ?", id);
            audit.Add(new(parts.NewId(), parts.Now(), "delete", by, Resource, id, row.Settings, null));
        });
        RemoveFromIndex(TokenHash.FromBytes(row.Hash));
        return row.ToRecord();
    }

    /// <summary>Ends them all, in the transaction of what makes that needed; the entry of that covers them.</summary>
    public void DeleteAll()
    {
        _ends++;
        foreach (var hash in parts.Sql.Exec<byte[]>("SELECT hash FROM tokens").ToList())
        {
            RemoveFromIndex(TokenHash.FromBytes(hash));
        }

        parts.Sql.Exec("DELETE FROM tokens");
    }

    public TokenRecord? Check(string id, byte[] hash) =>
        FindRow(id) is { } row && TokenHash.FromBytes(row.Hash) == TokenHash.FromBytes(hash) ? row.ToRecord() : null;

    public void RecordUse(string id, DateTimeOffset at) => parts.Sql.Exec(
        "UPDATE tokens SET last_used_on = ?1 WHERE id = ?2 AND (last_used_on IS NULL OR last_used_on < ?3)", at, id, at - LastUsedStep);

    private async Task<ApiToken> AddToIndexAsync(string id)
    {
        var value = ApiToken.Create(kind, parts.Random);
        await index.Of(value.Hash).Put(value.Hash.ToArray(), new(kind, ownerId, id));
        return value;
    }

    // Nobody waits for it: the change is made, and its answer must not be lost with this.
    private void RemoveFromIndex(TokenHash hash) => parts.Context.WaitUntil(index.Of(hash).Remove(hash.ToArray()));

    private Row? FindRow(string id) => parts.Sql.Exec<Row>($"SELECT {Columns} FROM tokens WHERE id = ?", id).OneOrDefault();

    private long Count() => parts.Sql.Exec<long>("SELECT count(*) FROM tokens").One();

    private static Answer<T>? Refusal<T>(TokenSettings settings, out string json)
        where T : class
    {
        json = "";
        if (!TokenRights.TryCompile(settings, out _, out var errors))
        {
            return new(null, AccountsFault.Invalid, string.Join(' ', errors));
        }

        json = JsonSerializer.Serialize(settings, AccountsJson.Default.TokenSettings);
        return json.Length > TokenSettings.JsonCharsMax
            ? new(null, AccountsFault.Invalid, $"policies: together with all else they take more than {TokenSettings.JsonCharsMax} characters; accepted: fewer of them, or fewer resources.")
            : null;
    }

    private Answer<T> Missed<T>(string id)
        where T : class => FindRow(id) is null
            ? new(null, AccountsFault.NotFound, $"There is no token {id}; list the tokens to see their ids.")
            : new(null, AccountsFault.Changed, $"The token {id} was changed meanwhile; read it again, and then decide again.");

    private sealed record Row(string Id, string Settings, byte[] Hash, long Version, long IssuedOn, long ModifiedOn, long? LastUsedOn)
    {
        public bool IsNot(long? version) => version is { } wanted && wanted != Version;

        public TokenRecord ToRecord() => new(
            Id,
            JsonSerializer.Deserialize(Settings, AccountsJson.Default.TokenSettings)!,
            Version,
            DateTimeOffset.FromUnixTimeMilliseconds(IssuedOn),
            DateTimeOffset.FromUnixTimeMilliseconds(ModifiedOn),
            LastUsedOn is { } used ? DateTimeOffset.FromUnixTimeMilliseconds(used) : null);
    }
}
