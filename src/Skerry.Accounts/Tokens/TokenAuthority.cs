using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Skerry.Objects;

namespace Skerry.Accounts.Tokens;

/// <summary>
/// Says which token a value is, from a cache of this node. What it says is never older than a second by this node's
/// monotonic clock: a token that was rolled, changed or deleted anywhere has ended everywhere by then. (The clock stands
/// still while a virtual machine does.) Thread-safe.
/// </summary>
/// <param name="accounts">The accounts.</param>
/// <param name="index">Where tokens are found by their values.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it tells of questions that nobody waits for.</param>
public sealed partial class TokenAuthority(
    DurableObjectNamespace<IAccount> accounts, DurableObjectNamespace<ITokenIndex> index, TimeProvider time, ILogger<TokenAuthority> logger)
{
    /// <summary>With more tokens than this, the cache is emptied; it is looked at once a second.</summary>
    public const int CachedMax = 100_000;

    private const int AttemptsMax = 3;

    // Counted from before the question, so that the answer is at least as new.
    private static readonly TimeSpan AgeMax = TimeSpan.FromMilliseconds(900);

    // In use it is asked for anew before that, so that nobody waits for the answer.
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromMilliseconds(450);

    private readonly ConcurrentDictionary<TokenHash, Entry> _cached = new();
    private readonly ConcurrentDictionary<TokenHash, Lazy<Task<KnownToken?>>> _asking = new();
    private long _swept = time.GetTimestamp();

    /// <summary>Finds the token.</summary>
    /// <param name="text">The value as it was sent.</param>
    /// <returns>The token; null if the value is none that is given out.</returns>
    /// <exception cref="DurableObjectException">It cannot be found out now.</exception>
    /// <exception cref="TimeoutException">Answers came too late to be trusted.</exception>
    public ValueTask<KnownToken?> FindAsync(ReadOnlySpan<char> text)
    {
        if (!ApiToken.TryParse(text, out _, out var hash, out _))
        {
            return default;
        }

        if (!_cached.TryGetValue(hash, out var entry) || time.GetElapsedTime(entry.AskedAt) is var age && age >= AgeMax)
        {
            return new(AskOnceAsync(hash));
        }

        if (age >= RefreshAfter && entry.TryRefresh())
        {
            _ = RefreshAsync(hash);
        }

        return new(entry.Token);
    }

    // One question for all who come meanwhile. Whoever joins may have come after it was asked, and is answered with what
    // was so then: less than AgeMax before, as AskAsync sees to.
    private Task<KnownToken?> AskOnceAsync(TokenHash hash) =>
        _asking.GetOrAdd(hash, static (hash, self) => new(() => self.AskAsync(hash)), this).Value;

    private async Task<KnownToken?> AskAsync(TokenHash hash)
    {
        // Not on the caller's thread, which is making the entry that is removed below.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            for (var attempt = 1; attempt <= AttemptsMax; attempt++)
            {
                var askedAt = time.GetTimestamp();
                var token = await ReadAsync(hash).ConfigureAwait(false);
                if (time.GetElapsedTime(askedAt) < AgeMax)
                {
                    Keep(hash, token, askedAt);
                    return token;
                }
            }

            throw new TimeoutException($"Whether the token is one took longer than {AgeMax.TotalMilliseconds:0} ms to find out, {AttemptsMax} times.");
        }
        finally
        {
            _asking.TryRemove(hash, out _);
        }
    }

    private async Task<KnownToken?> ReadAsync(TokenHash hash)
    {
        var bytes = hash.ToArray();
        var owner = await index.Of(hash).Find(bytes).ConfigureAwait(false);
        return owner is { Kind: TokenKind.Account }
            && await accounts.GetByName(owner.OwnerId).CheckToken(owner.TokenId, bytes).ConfigureAwait(false) is { } record
                ? new(owner, record)
                : null;
    }

    // What is none is not kept: whoever guesses must not fill the cache.
    private void Keep(TokenHash hash, KnownToken? token, long askedAt)
    {
        if (token is null)
        {
            _cached.TryRemove(hash, out _);
            return;
        }

        Sweep();
        _cached[hash] = new(token, askedAt);
    }

    // What is too old is of no use. If still too many are left, all go: they come back with one question each.
    private void Sweep()
    {
        var swept = Volatile.Read(ref _swept);
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(swept, now) < AgeMax || Interlocked.CompareExchange(ref _swept, now, swept) != swept)
        {
            return;
        }

        var left = 0;
        foreach (var (hash, entry) in _cached)
        {
            if (time.GetElapsedTime(entry.AskedAt, now) >= AgeMax)
            {
                _cached.TryRemove(new KeyValuePair<TokenHash, Entry>(hash, entry));
            }
            else
            {
                left++;
            }
        }

        if (left >= CachedMax)
        {
            _cached.Clear();
        }
    }

    private async Task RefreshAsync(TokenHash hash)
    {
        try
        {
            await AskOnceAsync(hash).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The entry ends with its age; whoever comes then asks again, and is told.
            LogNotRefreshed(logger, e);
        }
    }

    [LoggerMessage(1700, LogLevel.Debug, "Whether a token is still one could not be found out.")]
    private static partial void LogNotRefreshed(ILogger logger, Exception error);

    private sealed class Entry(KnownToken token, long askedAt)
    {
        private int _refreshing;

        public KnownToken Token => token;

        public long AskedAt => askedAt;

        /// <summary>True for the first who asks.</summary>
        public bool TryRefresh() => Volatile.Read(ref _refreshing) == 0 && Interlocked.Exchange(ref _refreshing, 1) == 0;
    }
}
