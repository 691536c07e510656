using Skerry.Storage.Buckets;

namespace Skerry.Storage.Relay.Sessions;

/// <summary>The nodes' records in the bucket. Unreachable buckets are waited for until the caller gives up. On the loop only.</summary>
public sealed class NodeRecords(IBucket bucket, TimeProvider time, Random random)
{
    private readonly CasRecords<NodeRecord> _records = new(bucket, time, random, RecordJson.Write, RecordJson.ReadNode);

    /// <summary>A node's record; null if it has never begun a session.</summary>
    /// <exception cref="StorageException">It is illegible, or a newer version wrote it.</exception>
    public Task<Versioned<NodeRecord>?> ReadAsync(NodeId node, CancellationToken cancel) => _records.ReadAsync(KeyOf(node), cancel);

    /// <summary>Replaces a record if it is still the version that was read, or makes it if <paramref name="etag"/> is null. A caller that cancels does not know the outcome.</summary>
    public Task<SwapOutcome<NodeRecord>> SwapAsync(NodeRecord next, string? etag, CancellationToken cancel) =>
        _records.SwapAsync(KeyOf(next.Node.Id), next, etag, cancel);

    /// <summary>Where a node's record is.</summary>
    public static string KeyOf(NodeId node) => $"nodes/{node}";
}
