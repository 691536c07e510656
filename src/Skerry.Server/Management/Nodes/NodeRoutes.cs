using Skerry.Server.Management.Api;
using Skerry.Storage;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Fleet;

namespace Skerry.Server.Management.Nodes;

/// <summary>Shows the nodes of the cluster, and what the loss of which of them would cost. The public API has nothing like it.</summary>
internal sealed class NodeRoutes(IFleetView fleet)
{
    /// <summary>Adds the route.</summary>
    public void AddTo(ApiRoutes routes) => routes.Add("skerry-list-nodes", Show);

    private async Task Show(HttpContext http)
    {
        FleetReport report;
        try
        {
            report = await fleet.LookAsync(http.RequestAborted);
        }
        catch (StorageException e)
        {
            await EnvelopeResponse.Error(http, StatusCodes.Status503ServiceUnavailable, ErrorCodes.Unavailable, e.Message);
            return;
        }

        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeFleetResult, new(
            report.Cluster,
            report.AskedBy.Name,
            [.. report.Members.Select(ToResult)],
            [.. report.Losses.Select(one => new LossResult(one.Leader.Name, one.Records, [.. one.Nodes.Select(static node => node.Name)]))],
            [.. report.Members.Where(static one => one.State is FleetMemberState.Silent or FleetMemberState.Recovering).Select(static one => one.Node.Name)]));
    }

    private static NodeResult ToResult(FleetMember member) => new(
        member.Node.Id == default ? null : member.Node.Id.ToString(),
        member.Node.Session == default ? null : member.Node.Session.ToString(),
        member.Node.Name,
        member.Node.Zone,
        member.Node.Address.Length == 0 ? null : member.Node.Address,
        member.State.ToString().ToLowerInvariant(),
        member.StartedMs == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(member.StartedMs),
        member.Problem,
        member.Figures is { } figures ? FiguresResult.Of(figures) : null);
}
