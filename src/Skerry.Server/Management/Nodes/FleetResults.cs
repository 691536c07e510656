using Skerry.Storage.Relay.Fleet;

namespace Skerry.Server.Management.Nodes;

/// <summary>The cluster's nodes.</summary>
/// <param name="Cluster">The cluster's name; null for a node that is alone.</param>
/// <param name="AskedBy">The node that looked.</param>
/// <param name="Nodes">The nodes, by name.</param>
/// <param name="Losses">What is confirmed and would be lost if all the named nodes lost their disks now; the most dangerous first.</param>
/// <param name="Unknown">The nodes of which that is not known, because they do not answer.</param>
internal sealed record FleetResult(
    string? Cluster, string AskedBy, IReadOnlyList<NodeResult> Nodes, IReadOnlyList<LossResult> Losses, IReadOnlyList<string> Unknown);

/// <summary>A node.</summary>
internal sealed record NodeResult(
    string? Id, string? Session, string Name, string Zone, string? Address, string State, DateTimeOffset? Started, string? Problem, FiguresResult? Log);

/// <summary>How far a node's log is.</summary>
internal sealed record FiguresResult(
    int Generation, ulong Appended, ulong Confirmed, ulong Uploaded, long BytesNotUploaded, IReadOnlyList<FollowerResult> Followers)
{
    public static FiguresResult Of(SessionFigures figures) => new(
        figures.Generation,
        figures.Appended,
        figures.Confirmed,
        figures.Uploaded,
        figures.BytesNotUploaded,
        [
            .. figures.Followers.Select(one => new FollowerResult(
                one.Node.Name, one.Node.Zone, one.IsUp ? one.IsMember ? "following" : "joining" : "lost", one.Held, figures.Appended - Math.Min(one.Held, figures.Appended))),
        ]);
}

/// <summary>How far a follower is.</summary>
internal sealed record FollowerResult(string Name, string Zone, string State, ulong Held, ulong Lag);

/// <summary>See <see cref="FleetResult"/>.</summary>
internal sealed record LossResult(string Leader, ulong Records, IReadOnlyList<string> Nodes);
