using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Security;

namespace Skerry.Objects.Fleet;

/// <summary>
/// The listener on which a node hears other nodes: TLS 1.3, and nobody gets further than the handshake
/// without a certificate of this cluster. Requests of it carry a mark, for what is mapped for nodes must not answer on
/// the process's other listeners.
/// </summary>
public static class NodeListener
{
    private static readonly Mark OfNodes = new();

    /// <summary>Listens for nodes.</summary>
    /// <param name="server">The server.</param>
    /// <param name="address">Where.</param>
    /// <param name="port">Where; 0 takes a free one.</param>
    /// <param name="certificates">Who this node is, and whom it takes for one.</param>
    /// <param name="configure">Gets the listener once it is one for nodes.</param>
    public static void Listen(KestrelServerOptions server, IPAddress address, int port, NodeCertificates certificates, Action<ListenOptions>? configure = null) =>
        server.Listen(new NodeEndPoint(address, port), listener =>
        {
            Configure(listener, certificates);
            configure?.Invoke(listener);
        });

    private static void Configure(ListenOptions listener, NodeCertificates certificates)
    {
        var logger = listener.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(NodeListener).FullName!);
        var refused = new RefusedCallers(logger, listener.ApplicationServices.GetService<TimeProvider>() ?? TimeProvider.System, certificates.Hint);
        listener.Protocols = HttpProtocols.Http1AndHttp2;
        listener.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = connection => ValueTask.FromResult(certificates.ServerOptions(
                objection => refused.Add(connection.Connection.RemoteEndPoint?.ToString() ?? "", objection))),
        });
        listener.Use(next => connection =>
        {
            connection.Features.Set(OfNodes);
            return next(connection);
        });
    }

    /// <summary>
    /// The most that the headers of a request may have, together. Three times the usual 32 KiB: a request that is passed on
    /// has a header more, with its address as it came in and the callers behind it. Kestrel has one limit for all listeners.
    /// </summary>
    public const int HeaderBytesMax = 96 << 10;

    /// <summary>What the listener needs of the whole server: room for headers, windows for streams of large frames, and signs of life.</summary>
    /// <param name="server">The server.</param>
    /// <param name="silenceMax">How long a connection may be silent, and then how long the answer to a question for a sign of life may take.</param>
    public static void ConfigureServer(KestrelServerOptions server, TimeSpan silenceMax)
    {
        server.Limits.MaxRequestHeadersTotalSize = HeaderBytesMax;
        server.Limits.Http2.MaxRequestHeaderFieldSize = HeaderBytesMax;
        server.Limits.Http2.InitialStreamWindowSize = 4 << 20;
        server.Limits.Http2.InitialConnectionWindowSize = 16 << 20;
        server.Limits.Http2.KeepAlivePingDelay = silenceMax;
        server.Limits.Http2.KeepAlivePingTimeout = silenceMax;
    }

    /// <summary>Whether the request came in on a listener for nodes.</summary>
    public static bool Carries(HttpContext http) => http.Features.Get<Mark>() is not null;

    /// <summary>Adds what <see cref="Listen"/> and <see cref="MapRelay"/> need; the <see cref="RelayServer"/> is for the caller to add.</summary>
    public static IServiceCollection AddRelay(this IServiceCollection services)
    {
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = RelayLimits.MessageBytesMax;
            grpc.MaxSendMessageSize = RelayLimits.MessageBytesMax;
        });
        services.AddSingleton<IConnectionListenerFactory, NodeTransport>();
        return services;
    }

    /// <summary>Answers other nodes' calls for the storage relay.</summary>
    public static void MapRelay(this IEndpointRouteBuilder routes, RelayServer server) => routes.MapGrpcService(server.Definition);

    private sealed class Mark;
}
