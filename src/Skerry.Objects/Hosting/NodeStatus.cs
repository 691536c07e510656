using Skerry.Objects.Activation;
using Skerry.Storage;

namespace Skerry.Objects;

/// <summary>Figures of this process's objects and storage, for health checks and dashboards. Thread-safe.</summary>
public sealed class NodeStatus
{
    private readonly ObjectRuntime _runtime;
    private readonly NodeStorage _storage;

    internal NodeStatus(ObjectRuntime runtime, NodeStorage storage)
    {
        _runtime = runtime;
        _storage = storage;
    }

    /// <summary>Objects in memory.</summary>
    public int ActiveObjects => _runtime.ActiveCount;

    /// <summary>Databases open.</summary>
    public int OpenDatabases => _storage.OpenCount;

    /// <summary>Alarms set and not yet due.</summary>
    public int PendingAlarms => _runtime.Alarms.Count;

    /// <summary>Bytes of log appended since the process started.</summary>
    public long LogBytesAppended => _storage.Log.BytesAppended;

    /// <summary>Why writes, checkpoints or what is stored for other nodes fail at present; null if all is well.</summary>
    public string? StorageTrouble => (_storage.Trouble ?? _storage.FollowedTrouble)?.Message;

    /// <summary>
    /// Why confirmed writes do not get into the bucket at present; null if they do, or if there is none. The followers
    /// hold them meanwhile, and writes go on.
    /// </summary>
    public string? BucketTrouble => _storage.UploadTrouble?.Message;

    /// <summary>The data folder.</summary>
    public string DataFolder => _storage.Folder;

    /// <summary>The registered namespaces: name and class.</summary>
    public IEnumerable<(string Name, string Class)> Namespaces =>
        _runtime.Classes.Select(static c => (c.Namespace, c.Implementation.Name));

    /// <summary>Ids of a namespace's objects that have data, ascending, after <paramref name="after"/>.</summary>
    /// <exception cref="StorageException">The bucket cannot be read.</exception>
    public async Task<IReadOnlyList<string>> ObjectsOfAsync(string @namespace, string? after, int limit, CancellationToken cancel)
    {
        Id256? from = after is not null && Id256.TryParse(after, out var id) ? id : null;
        return await _storage.EnumerateAllAsync(@namespace, from, cancel).Take(limit).Select(static i => i.ToString()).ToListAsync(cancel).ConfigureAwait(false);
    }
}
