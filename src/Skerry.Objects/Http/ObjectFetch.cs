using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;
using Skerry.Objects.History;
using Skerry.Objects.Loop;
using Skerry.Objects.WebSockets;

namespace Skerry.Objects.Http;

/// <summary>
/// Takes one HTTP request into an object: (1) the call waits at the input gate and runs on the loop, with a response
/// body that waits for confirmation; (2) its end waits at the output gate; (3) the rest of the response leaves; (4) if
/// the object accepted a WebSocket, the connection is served from here for as long as it lasts.
/// </summary>
internal static class ObjectFetch
{
    public static Task InvokeAsync(ObjectReference reference, HttpContext context) =>
        InvokeAsync(exchange => reference.Call(Run, exchange, Travel, ordered: false), context);

    /// <summary>
    /// The same for a request that another node has passed on. False if the object is leaving and has not seen the request.
    /// </summary>
    public static async Task<bool> TryServeAsync(ActiveObject active, CallLink? chain, HttpContext context)
    {
        var arrived = false;
        await InvokeAsync(
            exchange =>
            {
                arrived = active.TryCall(Run, exchange, chain, fromOutside: false, out var run);
                return run ?? Task.CompletedTask;
            },
            context).ConfigureAwait(false);
        return arrived;
    }

    private static async Task InvokeAsync(Func<Exchange, Task> call, HttpContext context)
    {
        var inner = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var exchange = new Exchange(context, inner);
        try
        {
            // 1. and 2.
            await call(exchange).ConfigureAwait(false);

            // 3. If it ran on another node, that one has done this.
            if (exchange.Body is { } body)
            {
                await body.FinishAsync().ConfigureAwait(false);
            }
        }
        catch
        {
            context.Features.Get<AcceptedSocket>()?.Socket.Forget();
            if (!context.Response.HasStarted)
            {
                context.Response.Clear();
            }

            throw;
        }
        finally
        {
            context.Features.Set(inner);
        }

        // 4.
        if (context.Features.Get<AcceptedSocket>() is { } accepted)
        {
            await accepted.Socket.ServeAsync(context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static readonly Func<IObjectCode, Exchange, Task<bool>> Run = static async (code, exchange) =>
    {
        exchange.Body = new GatedResponseBody(exchange.Inner, (ActiveObject)TurnContext.Current!.Loop.Owner);
        exchange.Context.Features.Set<IHttpResponseBodyFeature>(exchange.Body);
        await (exchange.Context.Features.Get<ExportRequest>() is { } export ? export.AnswerAsync(exchange.Context) : code.Fetch(exchange.Context));
        return true;
    };

    private static readonly Travel<Exchange, bool> Travel = static (reference, place, _, chain, exchange) =>
        reference.Runtime.Forwarder.ForwardAsync(reference, place, chain, exchange.Context);

    private sealed class Exchange(HttpContext context, IHttpResponseBodyFeature inner)
    {
        public HttpContext Context { get; } = context;

        public IHttpResponseBodyFeature Inner { get; } = inner;

        public GatedResponseBody? Body { get; set; }
    }
}
