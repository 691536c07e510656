using System.Net.Sockets;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Relay.Fleet;
using Skerry.Storage.Relay.Security;
using Skerry.Storage.Relay.Streams;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>
/// What a node answers to other nodes: passes their calls and streams to its <see cref="IRelayService"/>. A web server maps
/// <see cref="Definition"/>; that callers are nodes of this cluster is for its TLS to see to
/// (<see cref="NodeCertificates.ServerOptions"/>). Thread-safe.
/// </summary>
public sealed class RelayServer : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly StreamServer _streams;

    /// <summary>Makes the server.</summary>
    /// <param name="service">What answers.</param>
    /// <param name="identity">What this node says of itself, and asks of callers.</param>
    /// <param name="certificates">What it shows to leaders that stream to it, and whom it takes for one.</param>
    /// <param name="logger">Hears of refused callers.</param>
    /// <param name="figures">How far this node's session is, for those who look at the whole cluster.</param>
    public RelayServer(
        IRelayService service, RelayIdentity identity, NodeCertificates certificates, ILogger<RelayServer> logger, ISessionFigures? figures = null)
    {
        var admission = new RelayAdmission(identity, service, logger);
        Definition = Wire.Relay.BindService(new RelayCalls(service, figures, admission, _stop.Token));
        _streams = new StreamServer(service, identity, admission, certificates, logger);
    }

    /// <summary>A connection that begins with this byte is a stream, and not HTTPS.</summary>
    public static byte StreamMark => StreamConnection.Preface[0];

    /// <summary>The service, to be mapped.</summary>
    public ServerServiceDefinition Definition { get; }

    /// <summary>
    /// Serves a leader's stream, on this thread, until it ends.
    /// </summary>
    /// <param name="socket">An accepted connection of which nothing was read, and on which no asynchronous operation has begun.</param>
    /// <param name="admitted">Called when the caller has shown to be a node of this cluster, and has said hello.</param>
    public void ServeStream(Socket socket, Action admitted) => _streams.Serve(socket, admitted);

    /// <summary>Ends all streams, and refuses new calls. Leaders turn to other followers.</summary>
    public void Stop()
    {
        _stop.Cancel();
        _streams.Stop();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _streams.Close();
        _stop.Dispose();
    }
}
