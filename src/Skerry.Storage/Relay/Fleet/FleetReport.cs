namespace Skerry.Storage.Relay.Fleet;

/// <summary>The nodes of a cluster, as one of them sees it.</summary>
/// <param name="Cluster">The cluster's name; null for a node that is alone.</param>
/// <param name="AskedBy">The node that looked.</param>
/// <param name="Members">All sessions that are not over, by name.</param>
/// <param name="Losses">See <see cref="PossibleLoss.Of"/>; of those members that have said how far they are.</param>
public sealed record FleetReport(string? Cluster, NodeInfo AskedBy, IReadOnlyList<FleetMember> Members, IReadOnlyList<PossibleLoss> Losses);

/// <summary>What is known of a node.</summary>
/// <param name="Node">The node.</param>
/// <param name="State">What it is about.</param>
/// <param name="StartedMs">When its session began, Unix milliseconds; 0 if that is not known.</param>
/// <param name="Figures">What it has said itself; null if it has not.</param>
/// <param name="Problem">Why it has not, or who takes it over; null if all is well.</param>
public sealed record FleetMember(NodeInfo Node, FleetMemberState State, long StartedMs, SessionFigures? Figures, string? Problem);

/// <summary>What a node is about.</summary>
public enum FleetMemberState
{
    /// <summary>It is the only one, and keeps everything on its own disk.</summary>
    Alone,

    /// <summary>It works.</summary>
    Running,

    /// <summary>Its session is open, and it does not answer.</summary>
    Silent,

    /// <summary>Another node is taking its session over.</summary>
    Recovering,
}

/// <summary>Looks at the cluster. Thread-safe.</summary>
public interface IFleetView
{
    /// <summary>Reads the sessions, and asks their nodes.</summary>
    /// <exception cref="StorageException">The bucket cannot be read.</exception>
    Task<FleetReport> LookAsync(CancellationToken cancel);
}
