using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>Lets calls in that come from nodes of this cluster whose protocol this one speaks. Thread-safe.</summary>
internal sealed class RelayAdmission(RelayIdentity identity, IRelayService service, ILogger logger)
{
    // A refused node tries again and again; each is told of once. Bounded, for names are the callers' own.
    private const int ToldMax = 256;

    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);

    /// <summary>Sends this node's headers, and refuses the call if it must not be answered.</summary>
    /// <exception cref="RpcException">The caller is refused.</exception>
    public async Task AdmitAsync(ServerCallContext call)
    {
        if (identity.Objection(call.RequestHeaders, $"The caller {call.Peer}") is { } objection)
        {
            if (_told.Count < ToldMax && _told.TryAdd(objection, true))
            {
                RelayLog.Refused(logger, RelayIdentity.NameIn(call.RequestHeaders) ?? "", call.Peer, objection);
            }

            throw new RpcException(new Status(StatusCode.FailedPrecondition, objection), identity.ToHeaders());
        }

        if (RelayIdentity.MeantBy(call.RequestHeaders) is { } meant && !service.Is(meant))
        {
            throw new RpcException(
                new Status(StatusCode.FailedPrecondition, $"Node {identity.Node} is not node {meant}, which was here before: its data folder is another one."), identity.ToHeaders());
        }

        await call.WriteResponseHeadersAsync(identity.ToHeaders()).ConfigureAwait(false);
    }
}
