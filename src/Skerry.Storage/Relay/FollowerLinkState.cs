namespace Skerry.Storage.Relay;

/// <summary>What a leader knows of one follower, or of a node that is to become one.</summary>
internal sealed class FollowerLinkState(NodeInfo node, long now)
{
    public NodeInfo Node { get; set; } = node;

    /// <summary>A stream is open.</summary>
    public bool IsUp { get; set; }

    /// <summary>The last record that it holds durably.</summary>
    public ulong Held { get; set; }

    /// <summary>When it last said anything, or since when it is wanted.</summary>
    public long LastHeard { get; set; } = now;

    /// <summary>The latest sending time that it has acknowledged: from then on it grants a lease.</summary>
    public long LeaseFrom { get; set; } = long.MinValue;
}
