using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Counts requests whose token is none, by the address that they come from: each costs a question to an object. A home's
/// or a machine's addresses of version 6 count as one. Thread-safe.
/// </summary>
internal sealed class FailedAttempts : IDisposable
{
    private const int AtOnceMax = 100;
    private const int PerSecond = 5;
    private const int PrefixBytes = 8;

    private readonly PartitionedRateLimiter<IPAddress?> _limiter = PartitionedRateLimiter.Create<IPAddress?, IPAddress>(static address =>
        RateLimitPartition.GetTokenBucketLimiter(Prefix(address), static _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = AtOnceMax,
            TokensPerPeriod = PerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        }));

    /// <summary>In how many seconds an address may try again; null: now.</summary>
    public int? RetryAfter(IPAddress? address)
    {
        using var lease = _limiter.AttemptAcquire(address, 0);
        return lease.IsAcquired ? null : 1;
    }

    /// <summary>Counts one that was none.</summary>
    public void Count(IPAddress? address) => _limiter.AttemptAcquire(address).Dispose();

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();

    private static IPAddress Prefix(IPAddress? address) =>
        address is null ? IPAddress.None
        : address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress([.. address.GetAddressBytes().AsSpan(0, PrefixBytes), .. new byte[16 - PrefixBytes]])
        : address;
}
