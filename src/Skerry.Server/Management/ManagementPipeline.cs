using Skerry.Server.Dashboard;
using Skerry.Server.Node;

namespace Skerry.Server.Management;

/// <summary>
/// Everything that the management listener serves: the API under <c>/client/v4</c>, its description, health and the
/// dashboard. It has routes of its own, apart from the gateway's, so that neither listener answers for the other.
/// </summary>
internal static class ManagementPipeline
{
    // Load balancers and monitors ask with HEAD.
    private static readonly string[] GetAndHead = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Builds the pipeline.</summary>
    public static RequestDelegate Build(IServiceProvider services)
    {
        var pipeline = new ApplicationBuilder(services);
        var failures = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ManagementPipeline).FullName!);
        pipeline.Use(next => http => AnswerErrors(http, next, failures));
        pipeline.Use(next => http => BrowserGuard.Invoke(http, next));
        var authentication = ActivatorUtilities.CreateInstance<BearerAuthentication>(services);
        pipeline.Use(next => http => authentication.Invoke(http, next));
        pipeline.UseRouting();
        pipeline.UseEndpoints(routes => Map(routes, services));
        return pipeline.Build();
    }

    /// <summary>Adds every route of the listener.</summary>
    internal static void Map(IEndpointRouteBuilder routes, IServiceProvider services)
    {
        var api = routes.MapGroup("/client/v4");
        var guard = ActivatorUtilities.CreateInstance<AccountGuard>(services);
        ActivatorUtilities.CreateInstance<AccountRoutes>(services).Map(api);
        ActivatorUtilities.CreateInstance<NamespaceRoutes>(services, guard).Map(api);
        ActivatorUtilities.CreateInstance<ObjectRoutes>(services, guard).Map(api);
        ActivatorUtilities.CreateInstance<NodeRoutes>(services, guard).Map(api);
        routes.MapMethods("/openapi.json", GetAndHead, OpenApiDocument.Answer);
        routes.MapMethods("/health", GetAndHead, services.GetRequiredService<Health>().AnswerManagement);
        routes.MapMethods("/", GetAndHead, DashboardPage.Answer);
    }

    // Routing answers 404 and 405 with an empty body; every answer of this API has an envelope.
    private static async Task AnswerErrors(HttpContext http, RequestDelegate next, ILogger failures)
    {
        try
        {
            await next(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            failures.RequestFailed(e, http.Request.Method, http.Request.Path);
            http.Response.Clear();
            await EnvelopeResponse.Error(
                http, StatusCodes.Status500InternalServerError, ErrorCodes.Internal, "The request failed inside the server; its log says why.");
            return;
        }

        // Only an answer of routing itself has no route's endpoint.
        if (http.Response.HasStarted || http.GetEndpoint() is RouteEndpoint)
        {
            return;
        }

        switch (http.Response.StatusCode)
        {
            case StatusCodes.Status404NotFound:
                await EnvelopeResponse.Error(http, StatusCodes.Status404NotFound, ErrorCodes.NoRoute, "No route for that URI.");
                break;
            case StatusCodes.Status405MethodNotAllowed:
                await EnvelopeResponse.Error(
                    http,
                    StatusCodes.Status405MethodNotAllowed,
                    ErrorCodes.MethodNotAllowed,
                    $"Method {http.Request.Method} not available for that URI; accepted: {http.Response.Headers.Allow}.");
                break;
        }
    }
}
