using Skerry.Storage.Archive;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>Settings of a node with a bucket, beside those of its storage.</summary>
public sealed class RelayNodeOptions
{
    /// <summary>The node's name, for people. Default: the machine's.</summary>
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>What fails together with this node. Default: its name, so that each node is a zone.</summary>
    public string? Zone { get; set; }

    /// <summary>Where other nodes reach its relay: <c>HOST:PORT</c>.</summary>
    public string Address { get; set; } = "127.0.0.1:8789";

    /// <summary>What the files of databases may take on the disk; the longest unused ones go. Default 10 GiB.</summary>
    public long CacheBytesMax { get; set; } = 10L << 30;

    /// <summary>Log that may not be in the bucket yet, as when the bucket is down; beyond that writes fail. Default 4 GiB.</summary>
    public long NotUploadedBytesMax { get; set; } = 4L << 30;

    /// <summary>
    /// Objects that the session remembers that it owns; beyond that it forgets those that it has not used lately, and looks
    /// them up again. About 300 bytes each; up to twice as many for a while. Default 100,000.
    /// </summary>
    public int RememberedObjectsMax { get; set; } = 100_000;

    /// <summary>When records go into the bucket, and how long they stay.</summary>
    public UploadOptions Upload { get; } = new();

    /// <summary>Times of ownership and takeover.</summary>
    public ControlOptions Control { get; set; } = new();

    /// <summary>Times by which followers are judged.</summary>
    public RelayLeaderOptions Leader { get; set; } = new();
}
