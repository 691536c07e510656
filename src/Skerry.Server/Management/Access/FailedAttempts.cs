using System.Collections.Concurrent;
using System.Net;
using System.Threading.RateLimiting;
using Skerry.Accounts.Tokens;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Counts requests whose token may be none, by the address that they come from: each costs a question to an object. A home's
/// or a machine's addresses of version 6 count as one. Thread-safe.
/// </summary>
internal sealed class FailedAttempts : IDisposable
{
    private const int AtOnceMax = 100;
    private const int PerSecond = 5;

    private const int RightMax = 10_000;

    private readonly ConcurrentDictionary<TokenHash, byte> _right = new();
    private readonly PartitionedRateLimiter<IPAddress?> _limiter = PartitionedRateLimiter.Create<IPAddress?, IPAddress>(static address =>
        RateLimitPartition.GetTokenBucketLimiter(AddressPrefixes.Of(address), static _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = AtOnceMax,
            TokensPerPeriod = PerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        }));

    /// <summary>
    /// Counts a value that nobody has used here before, before it is looked up: it may be none. What was one is let pass
    /// whatever its address is guilty of.
    /// </summary>
    /// <returns>In how many seconds to try again; null: now.</returns>
    public int? RetryAfter(IPAddress? address, TokenHash hash)
    {
        if (_right.ContainsKey(hash))
        {
            return null;
        }

        using var lease = _limiter.AttemptAcquire(address);
        return lease.IsAcquired ? null : 1;
    }

    /// <summary>Notes a value that is one.</summary>
    public void NoteRight(TokenHash hash)
    {
        if (_right.ContainsKey(hash))
        {
            return;
        }

        if (_right.Count >= RightMax)
        {
            _right.Clear();
        }

        _right[hash] = default;
    }

    /// <summary>Notes a value that is none, or none any more.</summary>
    public void NoteWrong(TokenHash hash) => _right.TryRemove(hash, out _);

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();
}
