using Skerry.Objects;

namespace Skerry.Accounts.Tokens;

/// <inheritdoc cref="ITokenIndex"/>
public sealed class TokenIndex : DurableObject, ITokenIndex
{
    /// <summary>Opens it.</summary>
    public TokenIndex() =>
        Sql.Exec("CREATE TABLE IF NOT EXISTS tokens (hash BLOB PRIMARY KEY, kind INTEGER NOT NULL, owner_id TEXT NOT NULL, token_id TEXT NOT NULL) WITHOUT ROWID");

    /// <inheritdoc/>
    public Task Put(byte[] hash, TokenOwner owner)
    {
        Sql.Exec("INSERT OR REPLACE INTO tokens (hash, kind, owner_id, token_id) VALUES (?, ?, ?, ?)", hash, owner.Kind, owner.OwnerId, owner.TokenId);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<TokenOwner?> Find(byte[] hash) =>
        Task.FromResult(Sql.Exec<TokenOwner>("SELECT kind, owner_id, token_id FROM tokens WHERE hash = ?", hash).OneOrDefault());

    /// <inheritdoc/>
    public Task Remove(byte[] hash)
    {
        Sql.Exec("DELETE FROM tokens WHERE hash = ?", hash);
        return Task.CompletedTask;
    }
}
