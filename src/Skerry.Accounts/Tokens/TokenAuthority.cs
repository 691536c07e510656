using Microsoft.Extensions.Logging;
using Skerry.Accounts.Users;
using Skerry.Objects;

namespace Skerry.Accounts.Tokens;

/// <summary>
/// Says which token a value is, an account's, a user's or a user's session, from a cache of this node. What it says is never
/// older than a second by this node's monotonic clock: a token that was rolled, changed or deleted anywhere has ended
/// everywhere by then. (The clock stands still while a virtual machine does.) Thread-safe.
/// </summary>
/// <param name="accounts">The accounts.</param>
/// <param name="users">The users.</param>
/// <param name="index">Where tokens are found by their values.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it tells of questions that nobody waits for.</param>
public sealed class TokenAuthority(
    DurableObjectNamespace<IAccount> accounts,
    DurableObjectNamespace<IUser> users,
    DurableObjectNamespace<ITokenIndex> index,
    TimeProvider time,
    ILogger<TokenAuthority> logger)
{
    private readonly FreshCache<TokenHash, KnownToken> _known = new(hash => ReadAsync(accounts, users, index, hash), "the token", time, logger);

    /// <summary>Finds the token.</summary>
    /// <param name="text">The value as it was sent.</param>
    /// <returns>The token; null if the value is none that is given out.</returns>
    /// <exception cref="DurableObjectException">It cannot be found out now.</exception>
    /// <exception cref="TimeoutException">Answers came too late to be trusted.</exception>
    public ValueTask<KnownToken?> FindAsync(ReadOnlySpan<char> text) =>
        ApiToken.TryParse(text, out _, out var hash, out _) ? _known.FindAsync(hash) : default;

    /// <summary>The same by the hash of the value.</summary>
    /// <inheritdoc cref="FindAsync(ReadOnlySpan{char})"/>
    public ValueTask<KnownToken?> FindAsync(TokenHash hash) => _known.FindAsync(hash);

    private static async Task<KnownToken?> ReadAsync(
        DurableObjectNamespace<IAccount> accounts, DurableObjectNamespace<IUser> users, DurableObjectNamespace<ITokenIndex> index, TokenHash hash)
    {
        var bytes = hash.ToArray();
        if (await index.Of(hash).Find(bytes).ConfigureAwait(false) is not { } owner)
        {
            return null;
        }

        ITokenHolder holder = owner.Kind == TokenKind.Account ? accounts.GetByName(owner.OwnerId) : users.GetByName(owner.OwnerId);
        return await holder.CheckToken(owner.TokenId, bytes).ConfigureAwait(false) is { } record ? new(owner, record) : null;
    }
}
