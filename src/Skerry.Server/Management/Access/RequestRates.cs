using System.Globalization;
using System.Threading.RateLimiting;
using Skerry.Accounts.Tokens;
using Skerry.Server.Configuration;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Holds each token to a number of requests a minute on this node, and of changes, and tells clients where they are in <c>Ratelimit</c> and
/// <c>Ratelimit-Policy</c>, as the public API does.
/// </summary>
internal sealed class RequestRates : IDisposable
{
    private const int PeriodsPerMinute = 600;

    // Each is kept in an audit log, and has to be of use to people who read it.
    private const int ChangesPerMinute = 600;

    private readonly PartitionedRateLimiter<string> _limiter;
    private readonly PartitionedRateLimiter<string> _changes;
    private readonly long _perMinute;
    private readonly string _policy;

    /// <summary>Reads the limit from the settings.</summary>
    public RequestRates(SkerryServerOptions options)
    {
        _perMinute = options.ApiRequestsPerMinute;
        _policy = string.Create(CultureInfo.InvariantCulture, $"\"default\";q={_perMinute};w=60");
        _limiter = PerMinute(_perMinute);
        _changes = PerMinute(ChangesPerMinute);
    }

    /// <summary>The middleware, behind <see cref="Authentication"/>.</summary>
    public async Task Invoke(HttpContext http, RequestDelegate next)
    {
        if (http.FindToken() is not { } token)
        {
            await next(http);
            return;
        }

        using var lease = _limiter.AttemptAcquire(token.Record.Id);
        var left = _limiter.GetStatistics(token.Record.Id)?.CurrentAvailablePermits ?? _perMinute;
        http.Response.Headers["Ratelimit"] = string.Create(
            CultureInfo.InvariantCulture, $"\"default\";r={left};t={((_perMinute - left) * 60 + _perMinute - 1) / _perMinute}");
        http.Response.Headers["Ratelimit-Policy"] = _policy;
        if (lease.IsAcquired)
        {
            await next(http);
            return;
        }

        http.Response.Headers.RetryAfter = "1";
        await EnvelopeResponse.Error(
            http,
            StatusCodes.Status429TooManyRequests,
            ErrorCodes.TooManyRequests,
            $"The token has sent more than {_perMinute} requests a minute (api.requests_per_minute); slow down, and try again in 1 s.");
    }

    /// <summary>Counts a change that is allowed. To take something away is never too much.</summary>
    /// <exception cref="RequestException">The token has made too many.</exception>
    public void RequireChange(ApiOperation operation, KnownToken token)
    {
        if (!operation.IsChange)
        {
            return;
        }

        using var lease = _changes.AttemptAcquire(token.Record.Id);
        if (!lease.IsAcquired)
        {
            throw new RequestException(
                StatusCodes.Status429TooManyRequests, ErrorCodes.TooManyRequests, $"The token has made more than {ChangesPerMinute} changes a minute; slow down, and try again in 1 s.")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _limiter.Dispose();
        _changes.Dispose();
    }

    // As much at once as in a minute; then it comes back in small steps.
    private static PartitionedRateLimiter<string> PerMinute(long count)
    {
        var step = (int)Math.Max(1, count / PeriodsPerMinute);
        var bucket = new TokenBucketRateLimiterOptions
        {
            TokenLimit = (int)count,
            TokensPerPeriod = step,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) * step / count,
        };
        return PartitionedRateLimiter.Create<string, string>(key => RateLimitPartition.GetTokenBucketLimiter(key, _ => bucket));
    }
}
