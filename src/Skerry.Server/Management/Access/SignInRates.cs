using System.Net;
using System.Threading.RateLimiting;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Holds each address to a few sign-ins a second, before anything is computed or written for one: comparing a password is made
/// to be costly. How often one user's password is guessed is counted elsewhere. Thread-safe.
/// </summary>
internal sealed class SignInRates : IDisposable
{
    private const int AtOnceMax = 20;
    private const int PerSecond = 2;

    private readonly PartitionedRateLimiter<IPAddress?> _limiter = PartitionedRateLimiter.Create<IPAddress?, IPAddress>(static address =>
        RateLimitPartition.GetTokenBucketLimiter(AddressPrefixes.Of(address), static _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = AtOnceMax,
            TokensPerPeriod = PerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        }));

    /// <summary>Counts a sign-in.</summary>
    /// <exception cref="RequestException">There are too many.</exception>
    public void Require(HttpContext http)
    {
        using var lease = _limiter.AttemptAcquire(http.Address());
        if (!lease.IsAcquired)
        {
            throw new RequestException(StatusCodes.Status429TooManyRequests, ErrorCodes.TooManyRequests, "Too many sign-ins come from this address; try again in 1 s.")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();
}
