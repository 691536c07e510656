using System.Globalization;
using System.Threading.RateLimiting;
using Skerry.Server.Configuration;
using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Holds each token to a number of requests a minute on this node, and tells clients where they are in <c>Ratelimit</c> and
/// <c>Ratelimit-Policy</c>, as the public API does.
/// </summary>
internal sealed class RequestRates : IDisposable
{
    private const int PeriodsPerMinute = 600;

    private readonly PartitionedRateLimiter<string> _limiter;
    private readonly long _perMinute;
    private readonly string _policy;

    /// <summary>Reads the limit from the settings.</summary>
    public RequestRates(SkerryServerOptions options)
    {
        _perMinute = options.ApiRequestsPerMinute;
        _policy = string.Create(CultureInfo.InvariantCulture, $"\"default\";q={_perMinute};w=60");
        var bucket = new TokenBucketRateLimiterOptions
        {
            TokenLimit = (int)_perMinute,
            TokensPerPeriod = (int)Math.Max(1, _perMinute / PeriodsPerMinute),
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) / Math.Min(PeriodsPerMinute, _perMinute),
        };
        _limiter = PartitionedRateLimiter.Create<string, string>(token => RateLimitPartition.GetTokenBucketLimiter(token, _ => bucket));
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

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();
}
