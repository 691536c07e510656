using Grpc.Core;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Relay.Fleet;
using Skerry.Storage.Relay.Grpc.Wire;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>
/// What a node answers to other nodes: passes their calls to its <see cref="IRelayService"/>. A web server maps
/// <see cref="Definition"/>; that callers are nodes of this cluster is for its TLS to see to
/// (<see cref="Security.NodeCertificates.ServerOptions"/>). Thread-safe.
/// </summary>
public sealed class GrpcRelayServer : IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Makes the server.</summary>
    /// <param name="service">What answers.</param>
    /// <param name="identity">What this node says of itself, and asks of callers.</param>
    /// <param name="logger">Hears of refused callers.</param>
    /// <param name="figures">How far this node's session is, for those who look at the whole cluster.</param>
    public GrpcRelayServer(IRelayService service, RelayIdentity identity, ILogger<GrpcRelayServer> logger, ISessionFigures? figures = null)
    {
        Definition = Wire.Relay.BindService(new RelayCalls(service, figures, new RelayAdmission(identity, service, logger), _stop.Token));
    }

    /// <summary>The service, to be mapped.</summary>
    public ServerServiceDefinition Definition { get; }

    /// <summary>Ends all streams, and refuses new calls. Leaders turn to other followers.</summary>
    public void Stop() => _stop.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();
}
