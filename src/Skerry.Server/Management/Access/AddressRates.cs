using System.Net;
using System.Threading.RateLimiting;
using Skerry.Accounts.Users.SignIn;

namespace Skerry.Server.Management.Access;

/// <summary>Holds each address (<see cref="AddressPrefix"/>) to so many of something at once, and so many a second after that. Thread-safe.</summary>
internal sealed class AddressRates(int atOnce, int perSecond) : IDisposable
{
    private readonly PartitionedRateLimiter<IPAddress?> _limiter = PartitionedRateLimiter.Create<IPAddress?, string>(address =>
        RateLimitPartition.GetTokenBucketLimiter(AddressPrefix.Of(address), _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = atOnce,
            TokensPerPeriod = perSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        }));

    /// <summary>Counts one; false: there are too many, and there may be another in a second.</summary>
    public bool TryTake(IPAddress? address)
    {
        using var lease = _limiter.AttemptAcquire(address);
        return lease.IsAcquired;
    }

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();
}
