using System.Security.Cryptography;
using System.Text.Json;
using Skerry.Accounts.Audit;
using Skerry.Objects;

namespace Skerry.Accounts.Tokens;

/// <summary>
/// The tokens that an object owns, a table of its own database. A value is filed in the index before its token has it, and
/// taken out after the token has it no more; whoever asks with a value that was filed and never given out is told that it
/// is none, because its hash is not the token's.
/// </summary>
internal sealed class TokenTable(
    TokenKind kind, string ownerId, SqlStorage sql, AuditLog audit, DurableObjectNamespace<ITokenIndex> index, RandomNumberGenerator random, TimeProvider time)
{
    private const string Columns = "id, settings, issued_on, modified_on, last_used_on";
    private static readonly TimeSpan LastUsedStep = TimeSpan.FromMinutes(1);

    public static void Create(SqlStorage sql) => sql.Exec(
        """
        CREATE TABLE IF NOT EXISTS tokens (
            id TEXT PRIMARY KEY, settings TEXT NOT NULL, hash BLOB NOT NULL, issued_on INTEGER NOT NULL, modified_on INTEGER NOT NULL, last_used_on INTEGER
        ) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS tokens_issued ON tokens (issued_on, id)
        """);

    public async Task<Answer<CreatedToken>> CreateAsync(TokenSettings settings, Actor by)
    {
        if (Refusal<CreatedToken>(settings) is { } refusal)
        {
            return refusal;
        }

        if (Count() >= IAccount.TokensMax)
        {
            return new(null, AccountsFault.TooMany, $"There are {IAccount.TokensMax} tokens already; delete some first.");
        }

        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var value = await FileAsync(id);

        // Behind an await somebody else may have been in; the number of tokens may be exceeded by as many as wait here.
        var now = Now();
        var token = new TokenRecord(id, settings, now, now, null);
        sql.Exec(
            "INSERT INTO tokens (id, settings, hash, issued_on, modified_on) VALUES (?, ?, ?, ?, ?)",
            id, Json(settings), Bytes(value.Hash), now, now);
        Log("create", by, id, null, token);
        return new CreatedToken(token, value.Reveal());
    }

    public TokenRecord? Find(string id) =>
        sql.Exec<Row>($"SELECT {Columns} FROM tokens WHERE id = ?", id).OneOrDefault()?.ToRecord();

    public TokenPage List(int skip, int take) => new(
        [.. sql.Exec<Row>($"SELECT {Columns} FROM tokens ORDER BY issued_on DESC, id LIMIT ? OFFSET ?", take, skip).ToList().Select(static row => row.ToRecord())],
        Count());

    public Answer<TokenRecord> Update(string id, TokenSettings settings, Actor by)
    {
        if (Find(id) is not { } before)
        {
            return None<TokenRecord>(id);
        }

        if (Refusal<TokenRecord>(settings) is { } refusal)
        {
            return refusal;
        }

        var token = before with { Settings = settings, ModifiedOn = Now() };
        sql.Exec("UPDATE tokens SET settings = ?, modified_on = ? WHERE id = ?", Json(settings), token.ModifiedOn, id);
        Log("update", by, id, before, token);
        return token;
    }

    public async Task<Answer<CreatedToken>> RollAsync(string id, Actor by)
    {
        if (Find(id) is null)
        {
            return None<CreatedToken>(id);
        }

        var value = await FileAsync(id);
        if (Find(id) is not { } before)
        {
            // Deleted meanwhile.
            await Index(value.Hash).Remove(Bytes(value.Hash));
            return None<CreatedToken>(id);
        }

        var old = HashOf(id);
        var token = before with { ModifiedOn = Now() };
        sql.Exec("UPDATE tokens SET hash = ?, modified_on = ? WHERE id = ?", Bytes(value.Hash), token.ModifiedOn, id);
        Log("roll", by, id, before, token);
        await Index(old).Remove(Bytes(old));
        return new CreatedToken(token, value.Reveal());
    }

    public async Task<Answer<TokenRecord>> DeleteAsync(string id, Actor by)
    {
        if (Find(id) is not { } token)
        {
            return None<TokenRecord>(id);
        }

        var hash = HashOf(id);
        sql.Exec("DELETE FROM tokens WHERE id = ?", id);
        Log("delete", by, id, token, null);
        await Index(hash).Remove(Bytes(hash));
        return token;
    }

    public TokenRecord? Check(string id, byte[] hash) =>
        Find(id) is { } token && HashOf(id) == TokenHash.FromBytes(hash) ? token : null;

    public void Used(string id, DateTimeOffset at) => sql.Exec(
        "UPDATE tokens SET last_used_on = ?1 WHERE id = ?2 AND (last_used_on IS NULL OR last_used_on < ?3)", at, id, at - LastUsedStep);

    private async Task<ApiToken> FileAsync(string id)
    {
        var value = ApiToken.Create(kind, random);
        await Index(value.Hash).Put(Bytes(value.Hash), new(kind, ownerId, id));
        return value;
    }

    private ITokenIndex Index(TokenHash hash) => index.GetByName($"{hash.Shard:x2}");

    private TokenHash HashOf(string id) => TokenHash.FromBytes(sql.Exec<byte[]>("SELECT hash FROM tokens WHERE id = ?", id).One());

    private long Count() => sql.Exec<long>("SELECT count(*) FROM tokens").One();

    // To the millisecond, as it is stored.
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    private void Log(string action, Actor by, string id, TokenRecord? before, TokenRecord? after) => audit.Add(new(
        Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
        Now(),
        action,
        by,
        "token",
        id,
        before is null ? null : Json(before.Settings),
        after is null ? null : Json(after.Settings)));

    private static Answer<T>? Refusal<T>(TokenSettings settings)
        where T : class =>
        TokenRights.TryCompile(settings, out _, out var errors) ? null : new(null, AccountsFault.Invalid, string.Join(' ', errors));

    private static Answer<T> None<T>(string id)
        where T : class => new(null, AccountsFault.NotFound, $"There is no token {id}; list the tokens to see their ids.");

    private static string Json(TokenSettings settings) => JsonSerializer.Serialize(settings, AccountsJson.Default.TokenSettings);

    private static byte[] Bytes(TokenHash hash)
    {
        var bytes = new byte[TokenHash.Bytes];
        hash.CopyTo(bytes);
        return bytes;
    }

    private sealed record Row(string Id, string Settings, long IssuedOn, long ModifiedOn, long? LastUsedOn)
    {
        public TokenRecord ToRecord() => new(
            Id,
            JsonSerializer.Deserialize(Settings, AccountsJson.Default.TokenSettings)!,
            DateTimeOffset.FromUnixTimeMilliseconds(IssuedOn),
            DateTimeOffset.FromUnixTimeMilliseconds(ModifiedOn),
            LastUsedOn is { } used ? DateTimeOffset.FromUnixTimeMilliseconds(used) : null);
    }
}
