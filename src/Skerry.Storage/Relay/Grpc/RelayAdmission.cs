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
            Tell(objection, RelayIdentity.NameIn(call.RequestHeaders) ?? "", call.Peer);
            throw new RpcException(new Status(StatusCode.FailedPrecondition, objection), identity.ToHeaders());
        }

        if (Misled(RelayIdentity.MeantBy(call.RequestHeaders)) is { } another)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, another), identity.ToHeaders());
        }

        await call.WriteResponseHeadersAsync(identity.ToHeaders()).ConfigureAwait(false);
    }

    /// <summary>Why a stream that begins so must not be answered; null if it may.</summary>
    public string? Objection(Wire.Identity? theirs, string peer)
    {
        var objection = identity.Objection(theirs, $"The caller {peer}");
        if (objection is not null)
        {
            Tell(objection, theirs?.Node ?? "", peer);
            return objection;
        }

        return Misled(RelayIdentity.MeantBy(theirs));
    }

    private string? Misled(NodeId? meant) => meant is { } node && !service.Is(node)
        ? $"Node {identity.Node} is not node {node}, which was here before: its data folder is another one."
        : null;

    private void Tell(string objection, string node, string peer)
    {
        if (_told.Count < ToldMax && _told.TryAdd(objection, true))
        {
            RelayLog.Refused(logger, node, peer, objection);
        }
    }
}
