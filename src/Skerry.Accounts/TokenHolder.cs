using System.Security.Cryptography;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Tokens;
using Skerry.Objects;

namespace Skerry.Accounts;

/// <inheritdoc cref="ITokenHolder"/>
public abstract class TokenHolder : DurableObject, ITokenHolder
{
    private readonly TokenKind _kind;
    private readonly DurableObjectNamespace<ITokenIndex> _index;

    private protected TokenHolder(TokenKind kind, DurableObjectNamespace<ITokenIndex> index, RandomNumberGenerator random, TimeProvider time)
    {
        (_kind, _index) = (kind, index);
        Parts = new(Sql, Storage, Context, random, time);
        if (Sql.Exec<long>("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'audit'").One() > 0)
        {
            Open();
        }
    }

    private protected ObjectParts Parts { get; }

    private protected string HolderId => Id.Name ?? throw new InvalidOperationException("Accounts and users are found by their names.");

    /// <summary>Its audit log; null before it was made.</summary>
    private protected AuditLog? Audit { get; private set; }

    /// <summary>Its tokens; null before it was made.</summary>
    private protected TokenTable? Tokens { get; private set; }

    /// <inheritdoc/>
    public Task<Answer<CreatedToken>> CreateToken(TokenSettings settings, Actor by, string? id = null) =>
        Exists ? Tokens!.CreateAsync(settings, by, id) : Task.FromResult(Missing<CreatedToken>());

    /// <inheritdoc/>
    public Task<TokenRecord?> GetToken(string id) => Task.FromResult(Tokens?.Find(id));

    /// <inheritdoc/>
    public Task<TokenPage> ListTokens(int skip, int take) => Task.FromResult(Tokens?.List(skip, take) ?? new([], 0));

    /// <inheritdoc/>
    public Task<Answer<TokenRecord>> UpdateToken(string id, TokenSettings settings, long? version, Actor by) =>
        Task.FromResult(Tokens?.Update(id, settings, version, by) ?? Missing<TokenRecord>());

    /// <inheritdoc/>
    public Task<Answer<CreatedToken>> RollToken(string id, long? version, Actor by) =>
        Tokens?.RollAsync(id, version, by) ?? Task.FromResult(Missing<CreatedToken>());

    /// <inheritdoc/>
    public Task<Answer<TokenRecord>> DeleteToken(string id, long? version, Actor by) => Task.FromResult(Tokens?.Delete(id, version, by) ?? Missing<TokenRecord>());

    /// <inheritdoc/>
    public virtual Task<TokenRecord?> CheckToken(string id, byte[] hash) => Task.FromResult(Tokens?.Check(id, hash));

    /// <inheritdoc/>
    public virtual Task RecordTokenUse(string id, DateTimeOffset at)
    {
        Tokens?.RecordUse(id, at);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<AuditPage> ReadAudit(AuditQuery query) => Task.FromResult(Audit?.Read(query) ?? new([], null));

    /// <inheritdoc/>
    public Task<AuditProof> VerifyAudit(AuditProof? after) => Task.FromResult(Audit?.Verify(after) ?? AuditProof.Nothing);

    /// <summary>Whether it was made, and is still there.</summary>
    private protected virtual bool Exists => Audit is not null;

    /// <summary>Makes its tables and the first entry of its log, with whatever else is its own, all or nothing.</summary>
    /// <param name="resourceType">What it is, for the entry.</param>
    /// <param name="after">What it is like, for the entry.</param>
    /// <param name="now">The time.</param>
    /// <param name="by">Who makes it.</param>
    /// <param name="own">Makes the rest.</param>
    private protected void Make(string resourceType, string? after, DateTimeOffset now, Actor by, Action own)
    {
        Storage.TransactionSync(() =>
        {
            TokenTable.Create(Sql);
            AuditLog.Create(Sql);
            own();
            new AuditLog(Sql).Add(new(Parts.NewId(), now, "create", by, resourceType, HolderId, null, after));
        });
        Open();
    }

    private protected abstract Answer<T> Missing<T>()
        where T : class;

    private void Open()
    {
        Audit = new(Sql);
        Tokens = new(_kind, HolderId, Parts, Audit, _index, () => Exists);
    }
}
