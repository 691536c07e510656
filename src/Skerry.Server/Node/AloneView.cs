using Skerry.Server.Configuration;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Fleet;

namespace Skerry.Server.Node;

/// <summary>The cluster of a node that is alone.</summary>
internal sealed class AloneView(SkerryServerOptions options, TimeProvider time) : IFleetView
{
    private readonly long _startedMs = time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public Task<FleetReport> LookAsync(CancellationToken cancel)
    {
        // It has no session, and nobody reaches it as a node.
        var self = new NodeInfo(default, default, options.Node.Name, options.Node.Zone, "");
        return Task.FromResult(new FleetReport(null, self, [new(self, FleetMemberState.Alone, _startedMs, null, null)], []));
    }
}
