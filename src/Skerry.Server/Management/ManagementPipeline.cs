using System.Globalization;
using Skerry.Objects;
using Skerry.Server.Configuration;
using Skerry.Server.Dashboard;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Accounts;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Audit;
using Skerry.Server.Management.Members;
using Skerry.Server.Management.Nodes;
using Skerry.Server.Management.Objects;
using Skerry.Server.Management.Requests;
using Skerry.Server.Management.SignIn;
using Skerry.Server.Management.Tokens;
using Skerry.Server.Management.Users;
using Skerry.Server.Node;
using Skerry.Storage;

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
        Use<RequestIds>(static one => one.Invoke);
        pipeline.Use(next => http => AnswerErrors(http, next, failures));
        pipeline.Use(next => http => BrowserGuard.Invoke(http, next));
        pipeline.UseRouting();
        Use<Authentication>(static one => one.Invoke);
        Use<RequestRates>(static one => one.Invoke);
        Use<Authorization>(static one => one.Invoke);
        pipeline.UseEndpoints(routes => Map(routes, services));
        return pipeline.Build();

        void Use<T>(Func<T, Func<HttpContext, RequestDelegate, Task>> invoke)
            where T : class
        {
            var middleware = invoke(services.GetRequiredService<T>());
            pipeline.Use(next => http => middleware(http, next));
        }
    }

    /// <summary>Adds what the pipeline is made of.</summary>
    public static void AddTo(IServiceCollection services, SkerryServerOptions options)
    {
        services.AddSingleton<RequestIds>();
        services.AddSingleton<NodeToken>();
        services.AddSingleton<AccountNamespaces>();
        services.AddSingleton<FailedAttempts>();
        services.AddSingleton<TokenUses>();
        services.AddSingleton<Authentication>();
        services.AddSingleton<RequestRates>();
        services.AddSingleton<SignInRates>();
        services.AddSingleton<OperationAccess>();
        services.AddSingleton<Authorization>();
        services.AddSingleton<SignInAddress>();
        services.AddSingleton<LinkedSignIn>();
        if (options.SignIn.HasOidc)
        {
            services.AddSingleton<SignInCookie>();
            services.AddSingleton<OidcProvider>();
            services.AddSingleton<OidcFlow>();
        }
    }

    /// <summary>Adds every route of the listener.</summary>
    internal static void Map(IEndpointRouteBuilder routes, IServiceProvider services)
    {
        var api = new ApiRoutes();
        Make<TokenRoutes>().AddTo(api);
        Make<AccountRoutes>().AddTo(api);
        Make<MemberRoutes>().AddTo(api);
        Make<MembershipRoutes>().AddTo(api);
        Make<UserRoutes>().AddTo(api);
        Make<PasskeyRoutes>().AddTo(api);
        Make<LinkRoutes>().AddTo(api);
        Make<ClusterUserRoutes>().AddTo(api);
        Make<AuditRoutes>().AddTo(api);
        Make<ExplainRoutes>().AddTo(api);
        Make<NamespaceRoutes>().AddTo(api);
        Make<ObjectRoutes>().AddTo(api);
        Make<NodeRoutes>().AddTo(api);
        api.MapTo(routes);
        Make<OidcRoutes>().MapTo(routes);
        routes.MapMethods("/openapi.json", GetAndHead, ApiDocument.Answer);
        ReferencePage.MapTo(routes);
        routes.MapMethods("/health", GetAndHead, services.GetRequiredService<Health>().AnswerManagement);
        Pages.MapTo(routes);

        T Make<T>() => ActivatorUtilities.CreateInstance<T>(services);
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
        catch (RequestException e) when (!http.Response.HasStarted)
        {
            if (e.RetryAfter is { } wait)
            {
                http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            }

            await EnvelopeResponse.Errors(http, e.Status, e.Errors);
            return;
        }
        catch (BadHttpRequestException e) when (!http.Response.HasStarted)
        {
            await EnvelopeResponse.Error(http, e.StatusCode, ErrorCodes.InvalidBody, e.Message);
            return;
        }
        catch (Exception e) when (!http.Response.HasStarted && e is DurableObjectException or StorageException or TimeoutException)
        {
            await AnswerUnavailable(http, e);
            return;
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            failures.RequestFailed(e, http.Request.Method, http.Request.Path);
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

    private static Task AnswerUnavailable(HttpContext http, Exception error)
    {
        var (status, code, message) = error is TimeoutException ? (StatusCodes.Status503ServiceUnavailable, "too_late", error.Message) : DurableObjectEndpoints.Describe(error);
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            http.Response.Headers.RetryAfter = "1";
        }

        return EnvelopeResponse.Error(http, status, ErrorCodes.Unavailable, $"{message} ({code})");
    }
}
