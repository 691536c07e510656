using System.Security.Cryptography;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Tokens;
using Skerry.Objects;

namespace Skerry.Accounts;

/// <inheritdoc cref="IAccount"/>
public sealed class Account : DurableObject, IAccount
{
    private readonly ObjectParts _parts;
    private readonly DurableObjectNamespace<ITokenIndex> _index;
    private AuditLog? _audit;
    private TokenTable? _tokens;

    /// <summary>Opens it.</summary>
    /// <param name="index">Where tokens are found by their values.</param>
    /// <param name="random">A cryptographic source.</param>
    /// <param name="time">The clock.</param>
    public Account(DurableObjectNamespace<ITokenIndex> index, RandomNumberGenerator random, TimeProvider time)
    {
        _index = index;
        _parts = new(Sql, Storage, Context, random, time);
        if (Sql.Exec<long>("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'account'").One() > 0)
        {
            Open();
        }
    }

    private string AccountId => Id.Name ?? throw new InvalidOperationException("An account is found by its name.");

    /// <inheritdoc/>
    public Task<AccountInfo> Create(string name, Actor by)
    {
        if (_audit is null)
        {
            Storage.TransactionSync(() =>
            {
                var now = _parts.Now();
                Sql.Exec("CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_on INTEGER NOT NULL)");
                Sql.Exec("INSERT INTO account (id, name, created_on) VALUES (?, ?, ?)", AccountId, name, now);
                TokenTable.Create(Sql);
                AuditLog.Create(Sql);
                new AuditLog(Sql).Add(new(_parts.NewId(), now, "create", by, "account", AccountId, null, null));
            });
            Open();
        }

        return Task.FromResult(Find());
    }

    /// <inheritdoc/>
    public Task<AccountInfo?> Get() => Task.FromResult(_audit is null ? null : Find());

    /// <inheritdoc/>
    public Task<Answer<CreatedToken>> CreateToken(TokenSettings settings, Actor by) =>
        _tokens?.CreateAsync(settings, by) ?? Task.FromResult(NoAccount<CreatedToken>());

    /// <inheritdoc/>
    public Task<TokenRecord?> GetToken(string id) => Task.FromResult(_tokens?.Find(id));

    /// <inheritdoc/>
    public Task<TokenPage> ListTokens(int skip, int take) => Task.FromResult(_tokens?.List(skip, take) ?? new([], 0));

    /// <inheritdoc/>
    public Task<Answer<TokenRecord>> UpdateToken(string id, TokenSettings settings, long? version, Actor by) =>
        Task.FromResult(_tokens?.Update(id, settings, version, by) ?? NoAccount<TokenRecord>());

    /// <inheritdoc/>
    public Task<Answer<CreatedToken>> RollToken(string id, long? version, Actor by) =>
        _tokens?.RollAsync(id, version, by) ?? Task.FromResult(NoAccount<CreatedToken>());

    /// <inheritdoc/>
    public Task<Answer<TokenRecord>> DeleteToken(string id, long? version, Actor by) => Task.FromResult(_tokens?.Delete(id, version, by) ?? NoAccount<TokenRecord>());

    /// <inheritdoc/>
    public Task<TokenRecord?> CheckToken(string id, byte[] hash) => Task.FromResult(_tokens?.Check(id, hash));

    /// <inheritdoc/>
    public Task RecordTokenUse(string id, DateTimeOffset at)
    {
        _tokens?.RecordUse(id, at);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<AuditPage> ReadAudit(AuditQuery query) => Task.FromResult(_audit?.Read(query) ?? new([], null));

    /// <inheritdoc/>
    public Task<AuditProof> VerifyAudit(AuditProof? after) => Task.FromResult(_audit?.Verify(after) ?? AuditProof.Nothing);

    private void Open()
    {
        _audit = new(Sql);
        _tokens = new(TokenKind.Account, AccountId, _parts, _audit, _index);
    }

    private Answer<T> NoAccount<T>()
        where T : class => new(null, AccountsFault.NotFound, $"There is no account {AccountId}.");

    private AccountInfo Find() => Sql.Exec<AccountInfo>("SELECT id, name, created_on FROM account").One();
}
