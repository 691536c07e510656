using System.Collections.Concurrent;
using System.Net;
using System.Threading.RateLimiting;
using Skerry.Accounts.Tokens;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Counts requests whose token is none, by the address that they come from: each costs a question to an object. A home's
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

    /// <summary>In how many seconds an address may try again; null: now.</summary>
    public int? RetryAfter(IPAddress? address) => _limiter.GetStatistics(address)?.CurrentAvailablePermits > 0 ? null : 1;

    /// <summary>Counts a value that was none. What has no right checksum was mistyped, and has cost nothing.</summary>
    public void Count(IPAddress? address, ReadOnlySpan<char> value)
    {
        if (ApiToken.TryParse(value, out _, out _, out _))
        {
            _limiter.AttemptAcquire(address).Dispose();
        }
    }

    /// <summary>Notes a value that was one, and is let pass from then on whatever its address is guilty of.</summary>
    public void NoteRight(ReadOnlySpan<char> value)
    {
        if (!ApiToken.TryParse(value, out _, out var hash, out _) || _right.ContainsKey(hash))
        {
            return;
        }

        if (_right.Count >= RightMax)
        {
            _right.Clear();
        }

        _right[hash] = default;
    }

    /// <summary>Whether a value was one before. It need not be any more.</summary>
    public bool WasRight(ReadOnlySpan<char> value) => ApiToken.TryParse(value, out _, out var hash, out _) && _right.ContainsKey(hash);

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();
}
