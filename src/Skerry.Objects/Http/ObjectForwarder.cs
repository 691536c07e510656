using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;
using Skerry.Objects.Fleet;
using Skerry.Objects.Loop;
using Yarp.ReverseProxy.Forwarder;

namespace Skerry.Objects.Http;

/// <summary>
/// Passes an HTTP request on to the node that its object is on: bodies stream both ways, WebSockets go through, trailers
/// are dropped. The body is sent only once the object has the request, so that a request which comes too late for its
/// object can go to the next place whole.
/// </summary>
internal sealed class ObjectForwarder : IDisposable
{
    // Requests may be silent for long. That a node is gone shows otherwise: by pings, and by the membership.
    private static readonly ForwarderRequestConfig s_config = new()
    {
        Version = new Version(2, 0),
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        ActivityTimeout = TimeSpan.FromDays(1),
    };

    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_pingAfter = TimeSpan.FromSeconds(2);

    // What HTTP itself adds has room in the rest.
    private const int HeaderBytesMax = NodeListener.HeaderBytesMax - (4 << 10);

    private readonly IHttpForwarder _forwarder;
    private readonly FleetNodes _nodes;
    private readonly HttpMessageInvoker _client;
    private readonly Transformer _transformer = new();

    public ObjectForwarder(IHttpForwarder forwarder, FleetNodes nodes)
    {
        _forwarder = forwarder;
        _nodes = nodes;
        _client = new HttpMessageInvoker(HandlerOf(nodes.Options));
    }

    /// <summary>Passes a request on.</summary>
    /// <exception cref="DurableObjectException">The node was lost, or the object failed.</exception>
    public async Task<Travelled<bool>> ForwardAsync(ObjectReference reference, ObjectPlace place, CallLink? chain, HttpContext context)
    {
        if (place.Url is null)
        {
            throw new DurableObjectException("no_listener", $"{reference.Id} lives on the node {place.Silo}, which takes no HTTP requests from other nodes.");
        }

        // 1. What the object is to see of the request.
        var alive = _nodes.WhileAlive(place.Silo);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(alive, context.RequestAborted);
        var passage = new Passage(PassedRequest.Of(context, CallChain.Depart(reference.Runtime, chain)));
        var bytes = passage.Header.Length + context.Request.Headers.Sum(static header => header.Key.Length + header.Value.Sum(static value => (value?.Length ?? 0) + 4));
        if (bytes > HeaderBytesMax)
        {
            throw new BadHttpRequestException(
                $"The request's headers have {bytes} bytes with what a request to another node needs; at most {HeaderBytesMax} are passed on. Send fewer or shorter ones, or a shorter address.",
                StatusCodes.Status431RequestHeaderFieldsTooLarge);
        }

        context.Features.Set(passage);
        var prefix = $"{place.Url.TrimEnd('/')}{InternalObjectEndpoints.Path}/{reference.Id.Namespace}/{reference.Id}/{place.Incarnation}";

        // 2. There and back.
        var error = await _forwarder.SendAsync(context, prefix, _client, s_config, _transformer, ended.Token).ConfigureAwait(false);

        // 3. What came of it.
        if (passage.Answer == PassedRequest.NotHere)
        {
            Reset(context);
            return Travelled<bool>.Missed(long.MaxValue);
        }

        if (passage.Failure is { } failure)
        {
            Reset(context);
            throw failure.ToException();
        }

        if (error == ForwarderError.None || context.RequestAborted.IsCancellationRequested || context.Response.HasStarted)
        {
            return Travelled<bool>.Answered(true);
        }

        var cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        Reset(context);
        if (error == ForwarderError.Request && cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } && _nodes.IsAlive(place.Silo))
        {
            // Nobody listens: it has not run. The membership will notice that the node is gone.
            return Travelled<bool>.Missed(long.MaxValue);
        }

        throw new DurableObjectException(
            "node_lost", $"The node with {reference.Id} did not answer ({error}: {cause?.Message}). The request may have been served or not.", cause)
        { Retryable = true, Remote = true };
    }

    private static void Reset(HttpContext context)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.Clear();
        }
    }

    private static SocketsHttpHandler HandlerOf(SkerryClusterOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = System.Net.DecompressionMethods.None,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = s_connectTimeout,
            KeepAlivePingDelay = s_pingAfter,
            KeepAlivePingTimeout = s_pingAfter,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,

            // The body waits until the object reads it, however long that takes.
            Expect100ContinueTimeout = TimeSpan.FromHours(1),
        };
        if (options.Certificates is { } certificates)
        {
            handler.SslOptions = certificates.ClientOptions();
        }

        return handler;
    }

    public void Dispose() => _client.Dispose();

    /// <summary>What becomes of one request on its way.</summary>
    private sealed class Passage(PassedRequest request)
    {
        public string Header { get; } = request.ToHeader();

        public string? Answer { get; set; }

        public CallFailure? Failure { get; set; }
    }

    private sealed class Transformer : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken).ConfigureAwait(false);
            proxyRequest.RequestUri = new Uri(destinationPrefix);
            proxyRequest.Headers.Host = null;
            proxyRequest.Headers.Remove(PassedRequest.Header);
            proxyRequest.Headers.TryAddWithoutValidation(PassedRequest.Header, httpContext.Features.GetRequiredFeature<Passage>().Header);
            if (proxyRequest.Content is not null)
            {
                proxyRequest.Headers.ExpectContinue = true;
            }
        }

        public override async ValueTask<bool> TransformResponseAsync(
            HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            if (proxyResponse is null)
            {
                return false;
            }

            var passage = httpContext.Features.GetRequiredFeature<Passage>();
            passage.Answer = Take(proxyResponse.Headers, PassedRequest.AnswerHeader);
            if (passage.Answer == PassedRequest.NotHere)
            {
                return false;
            }

            if (passage.Answer == PassedRequest.Failed)
            {
                var failure = await proxyResponse.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
                passage.Failure = JsonSerializer.Deserialize<CallFailure>(failure);
                return false;
            }

            return await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken).ConfigureAwait(false);
        }

        public override ValueTask TransformResponseTrailersAsync(
            HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken) => default;

        private static string? Take(HttpResponseHeaders headers, string name)
        {
            if (!headers.NonValidated.TryGetValues(name, out var values))
            {
                return null;
            }

            var value = values.ToString();
            headers.Remove(name);
            return value;
        }
    }
}
