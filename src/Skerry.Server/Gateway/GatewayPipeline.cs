using FlightSeating;
using Skerry.Objects;
using Skerry.Server.Node;

namespace Skerry.Server.Gateway;

/// <summary>
/// Everything that the gateway serves: the built-in sample, the objects' own HTTP, health, and a page that says what
/// is here. This is the hot path: nothing is logged for a request that succeeds.
/// </summary>
internal static class GatewayPipeline
{
    private static readonly ReadOnlyMemory<byte> Welcome = EmbeddedFile.Read("welcome.html");

    // Load balancers and monitors ask with HEAD.
    private static readonly string[] GetAndHead = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Adds the pipeline to <paramref name="app"/>.</summary>
    public static void AddTo(WebApplication app)
    {
        var failures = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(GatewayPipeline).FullName!);
        app.Use(next => http => AnswerErrors(http, next, failures));
        app.UseWebSockets();
        app.UseRouting();
        app.MapMethods("/", GetAndHead, AnswerWelcome);
        app.MapMethods("/health", GetAndHead, app.Services.GetRequiredService<Health>().AnswerGateway);
        app.MapFlights();
        HostedObjects.MapTo(app);
    }

    private static async Task AnswerWelcome(HttpContext http)
    {
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        await http.Response.BodyWriter.WriteAsync(Welcome, http.RequestAborted);
    }

    private static async Task AnswerErrors(HttpContext http, RequestDelegate next, ILogger failures)
    {
        try
        {
            await next(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client went away: nobody is there to answer.
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            http.Response.Clear();
            await AnswerFailure(http, e, failures);
            return;
        }

        // Only an answer of routing itself has no route's endpoint; what an object answers is its own affair.
        if (http.Response.HasStarted || http.GetEndpoint() is RouteEndpoint)
        {
            return;
        }

        switch (http.Response.StatusCode)
        {
            case StatusCodes.Status404NotFound:
                await GatewayErrors.Write(http, StatusCodes.Status404NotFound, "not_found", "Nothing is served at this path; GET / shows what is.");
                break;
            case StatusCodes.Status405MethodNotAllowed:
                await GatewayErrors.Write(
                    http, StatusCodes.Status405MethodNotAllowed, "method_not_allowed", $"{http.Request.Method} is not accepted at this path; accepted: {http.Response.Headers.Allow}.");
                break;
        }
    }

    private static Task AnswerFailure(HttpContext http, Exception failure, ILogger failures)
    {
        var (status, code, message) = DurableObjectEndpoints.Describe(failure);
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            http.Response.Headers.RetryAfter = "1";
        }
        else if (status == StatusCodes.Status500InternalServerError)
        {
            failures.RequestFailed(failure, http.Request.Method, http.Request.Path);
        }

        return GatewayErrors.Write(http, status, code, message);
    }
}
