using System.Security.Cryptography;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Tokens;
using Skerry.Objects;

namespace Skerry.Accounts;

/// <inheritdoc cref="IAccount"/>
public sealed class Account : DurableObject, IAccount
{
    private readonly AuditLog _audit;
    private readonly TokenTable _tokens;
    private readonly TimeProvider _time;

    /// <summary>Opens it.</summary>
    /// <param name="index">Where tokens' values are filed.</param>
    /// <param name="random">A cryptographic source.</param>
    /// <param name="time">The clock.</param>
    public Account(DurableObjectNamespace<ITokenIndex> index, RandomNumberGenerator random, TimeProvider time)
    {
        _time = time;
        Sql.Exec("CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_on INTEGER NOT NULL)");
        TokenTable.Create(Sql);
        _audit = new(Sql);
        _tokens = new(TokenKind.Account, AccountId, Sql, _audit, index, random, time);
    }

    private string AccountId => Id.Name ?? throw new InvalidOperationException("An account is found by its name.");

    /// <inheritdoc/>
    public Task<AccountInfo> Create(string name, Actor by)
    {
        if (Find() is { } present)
        {
            return Task.FromResult(present);
        }

        var now = _time.GetUtcNow();
        Sql.Exec("INSERT INTO account (id, name, created_on) VALUES (?, ?, ?)", AccountId, name, now);
        _audit.Add(new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), now, "create", by, "account", AccountId, null, null));
        return Task.FromResult(Find()!);
    }

    /// <inheritdoc/>
    public Task<AccountInfo?> Get() => Task.FromResult(Find());

    /// <inheritdoc/>
    public Task<Answer<CreatedToken>> CreateToken(TokenSettings settings, Actor by) => _tokens.CreateAsync(settings, by);

    /// <inheritdoc/>
    public Task<TokenRecord?> GetToken(string id) => Task.FromResult(_tokens.Find(id));

    /// <inheritdoc/>
    public Task<TokenPage> ListTokens(int skip, int take) => Task.FromResult(_tokens.List(skip, take));

    /// <inheritdoc/>
    public Task<Answer<TokenRecord>> UpdateToken(string id, TokenSettings settings, Actor by) => Task.FromResult(_tokens.Update(id, settings, by));

    /// <inheritdoc/>
    public Task<Answer<CreatedToken>> RollToken(string id, Actor by) => _tokens.RollAsync(id, by);

    /// <inheritdoc/>
    public Task<Answer<TokenRecord>> DeleteToken(string id, Actor by) => _tokens.DeleteAsync(id, by);

    /// <inheritdoc/>
    public Task<TokenRecord?> CheckToken(string id, byte[] hash) => Task.FromResult(_tokens.Check(id, hash));

    /// <inheritdoc/>
    public Task TokenUsed(string id, DateTimeOffset at)
    {
        _tokens.Used(id, at);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<AuditPage> ReadAudit(AuditQuery query) => Task.FromResult(_audit.Read(query));

    /// <inheritdoc/>
    public Task<AuditProof> VerifyAudit() => Task.FromResult(_audit.Verify());

    private AccountInfo? Find() => Sql.Exec<AccountInfo>("SELECT id, name, created_on FROM account").OneOrDefault();
}
