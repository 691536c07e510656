using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;
using Skerry.Storage;

namespace Skerry.Objects;

/// <summary>HTTP routes to durable objects.</summary>
public static class DurableObjectEndpoints
{
    /// <summary>
    /// Maps <c>/objects/NAMESPACE/NAME/…</c> to <see cref="DurableObject.Fetch"/> of the object with that name, and
    /// <c>/objects/NAMESPACE/id:ID/…</c> to the one with that id, for all classes that override it. Errors are JSON.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="prefix">What stands instead of <c>/objects</c>.</param>
    public static IEndpointConventionBuilder MapDurableObjects(this IEndpointRouteBuilder endpoints, string prefix = "/objects")
    {
        var runtime = endpoints.ServiceProvider.GetRequiredService<ObjectRuntime>();
        return endpoints.Map($"{prefix.TrimEnd('/')}/{{namespace}}/{{name}}/{{**path}}", context => HandleAsync(runtime, context));
    }

    private static async Task HandleAsync(ObjectRuntime runtime, HttpContext context)
    {
        var @namespace = (string)context.GetRouteValue("namespace")!;
        var name = (string)context.GetRouteValue("name")!;
        if (!runtime.TryGetClass(@namespace, out var @class) || !@class.HandlesFetch)
        {
            var known = string.Join(", ", runtime.Classes.Where(static c => c.HandlesFetch).Select(static c => c.Namespace));
            await WriteErrorAsync(context, 404, "no_namespace", $"No class that answers HTTP is registered for the namespace '{@namespace}'. Known: {known}.");
            return;
        }

        DurableObjectId id;
        try
        {
            id = name.StartsWith("id:", StringComparison.Ordinal) ? @class.Ids.Parse(name[3..]) : @class.Ids.FromName(name, default);
        }
        catch (ArgumentException e)
        {
            await WriteErrorAsync(context, 400, "bad_id", e.Message);
            return;
        }

        try
        {
            await new ObjectReference(runtime, id, hint: null).Fetch(context);
        }
        catch (Exception e) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            var (status, code, message) = Describe(e);
            if (status == 503)
            {
                context.Response.Headers.RetryAfter = "1";
            }

            await WriteErrorAsync(context, status, code, message);
        }
    }

    /// <summary>What a failed call means in HTTP: 503 for what may succeed when tried again, 500 for the rest.</summary>
    public static (int Status, string Code, string Message) Describe(Exception error) => error switch
    {
        DurableObjectException e => (e.Retryable ? 503 : 500, e.Code, e.Message),
        StorageException e => (503, "storage_failed", e.Message),
        BadHttpRequestException e => (e.StatusCode, "bad_request", e.Message),
        _ => (500, "object_threw", $"{error.GetType().Name}: {error.Message}"),
    };

    /// <summary>Writes <c>{"errors":[{"code","message"}]}</c>.</summary>
    private static Task WriteErrorAsync(HttpContext context, int status, string code, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { errors = new[] { new { code, message } } });
    }
}
