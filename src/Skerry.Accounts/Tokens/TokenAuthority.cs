using System.Collections.Concurrent;
using Skerry.Objects;

namespace Skerry.Accounts.Tokens;

/// <summary>
/// Says which token a value is, from a cache of this node. What it says is never older than a second: a token that was
/// rolled, changed or deleted anywhere has ended everywhere by then. Thread-safe.
/// </summary>
/// <param name="accounts">The accounts.</param>
/// <param name="index">Where tokens' values are filed.</param>
/// <param name="time">The clock.</param>
public sealed class TokenAuthority(DurableObjectNamespace<IAccount> accounts, DurableObjectNamespace<ITokenIndex> index, TimeProvider time)
{
    /// <summary>The most tokens that are kept.</summary>
    public const int CachedMax = 100_000;

    // Counted from before the question, so that the answer is at least as new.
    private static readonly TimeSpan AgeMax = TimeSpan.FromMilliseconds(900);

    // In use it is asked for anew before that, so that nobody waits for the answer.
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromMilliseconds(450);

    private readonly ConcurrentDictionary<TokenHash, Entry> _cached = new();

    /// <summary>Finds the token.</summary>
    /// <param name="text">The value as it was sent.</param>
    /// <returns>The token; null if the value is none that is given out.</returns>
    public ValueTask<KnownToken?> FindAsync(ReadOnlySpan<char> text)
    {
        if (!ApiToken.TryParse(text, out var kind, out var hash, out _))
        {
            return default;
        }

        if (!_cached.TryGetValue(hash, out var entry))
        {
            return new(AskAsync(kind, hash));
        }

        var age = time.GetElapsedTime(entry.AskedAt);
        if (age >= AgeMax)
        {
            return new(AskAsync(kind, hash));
        }

        if (age >= RefreshAfter && entry.TryRefresh())
        {
            _ = RefreshAsync(kind, hash);
        }

        return new(entry.Token);
    }

    private async Task<KnownToken?> AskAsync(TokenKind kind, TokenHash hash)
    {
        var askedAt = time.GetTimestamp();
        var bytes = new byte[TokenHash.Bytes];
        hash.CopyTo(bytes);
        var owner = await index.GetByName($"{hash.Shard:x2}").Find(bytes).ConfigureAwait(false);
        var record = owner is { Kind: TokenKind.Account } && owner.Kind == kind
            ? await accounts.GetByName(owner.OwnerId).CheckToken(owner.TokenId, bytes).ConfigureAwait(false)
            : null;
        if (record is null)
        {
            // Not kept: whoever guesses must not fill the cache.
            _cached.TryRemove(hash, out _);
            return null;
        }

        var token = new KnownToken(owner!, record);
        if (_cached.Count >= CachedMax)
        {
            Sweep();
        }

        _cached[hash] = new(token, askedAt);
        return token;
    }

    private async Task RefreshAsync(TokenKind kind, TokenHash hash)
    {
        try
        {
            await AskAsync(kind, hash).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DurableObjectException or OperationCanceledException or TimeoutException)
        {
            // The entry ends with its age; whoever comes then asks again, and is told why it fails.
        }
    }

    // What is too old is of no use. If all are new, all go: they come back with one question each.
    private void Sweep()
    {
        foreach (var (hash, entry) in _cached)
        {
            if (time.GetElapsedTime(entry.AskedAt) >= AgeMax)
            {
                _cached.TryRemove(new KeyValuePair<TokenHash, Entry>(hash, entry));
            }
        }

        if (_cached.Count >= CachedMax)
        {
            _cached.Clear();
        }
    }

    private sealed class Entry(KnownToken token, long askedAt)
    {
        private int _refreshing;

        public KnownToken Token => token;

        public long AskedAt => askedAt;

        /// <summary>True for the first who asks.</summary>
        public bool TryRefresh() => Volatile.Read(ref _refreshing) == 0 && Interlocked.Exchange(ref _refreshing, 1) == 0;
    }
}
