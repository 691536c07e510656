using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Skerry.Objects.Activation;
using Skerry.Objects.Fleet;
using Skerry.Objects.Http;
using Skerry.Storage;

namespace Skerry.Objects;

/// <summary>Where a node takes HTTP requests that other nodes pass on to its objects.</summary>
public static class InternalObjectEndpoints
{
    /// <summary>What the addresses begin with.</summary>
    internal const string Path = "/_skerry/objects";

    /// <summary>
    /// Takes requests that other nodes pass on, on the listener that only nodes of the cluster can reach
    /// (<see cref="NodeListener"/>). On all others these addresses do not exist. Goes before routing, and after
    /// <c>UseWebSockets</c>.
    /// </summary>
    /// <param name="app">The application.</param>
    public static IApplicationBuilder MapInternalObjects(this IApplicationBuilder app)
    {
        var runtime = app.ApplicationServices.GetRequiredService<ObjectRuntime>();
        return app.Use(next => context =>
            context.Request.Path.StartsWithSegments(Path, out var rest) && NodeListener.Carries(context) ? ServeAsync(runtime, context, rest) : next(context));
    }

    private static async Task ServeAsync(ObjectRuntime runtime, HttpContext context, PathString address)
    {
        // 1. Whom to.
        if (address.Value?.Split('/') is not ["", var @namespace, var idText, var incarnationText]
            || !Id256.TryParse(idText, out var id)
            || !long.TryParse(incarnationText, CultureInfo.InvariantCulture, out var incarnation)
            || PassedRequest.From(context) is not { } passed)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        // What the object itself puts there would be taken for ours.
        var answer = "object";
        context.Response.OnStarting(() =>
        {
            context.Response.Headers[PassedRequest.AnswerHeader] = answer;
            return Task.CompletedTask;
        });

        if (!runtime.TryFind(new ObjectKey(@namespace, id), incarnation, out var active, out var failure))
        {
            answer = NotHere(context);
            return;
        }

        try
        {
            if (active is null)
            {
                throw failure!;
            }

            // 2. As if it had come in here.
            passed.Restore(context);
            var chain = passed.Chain is null ? null : CallChain.Arrive(runtime, [.. passed.Chain.Select(CallerLink.Parse)]);
            if (!await ObjectFetch.TryServeAsync(active, chain, context))
            {
                answer = NotHere(context);
            }
        }
        catch (Exception e) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            // 3. The passing node throws it where the request came in.
            answer = PassedRequest.Failed;
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(CallFailure.Of(e)));
        }
        catch (Exception) when (context.Response.HasStarted)
        {
            // Part of the answer is out: that it is not whole must show.
            context.Abort();
        }
    }

    // The status has to be one of an error: after any other, the sender would send the body that it has held back.
    private static string NotHere(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        return PassedRequest.NotHere;
    }
}
