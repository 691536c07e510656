using System.Runtime.CompilerServices;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Tests.Archive;

/// <summary>A bucket in memory that fails when it is told to. What was asked of it is written down.</summary>
internal sealed class MemoryBucket : IBucket
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, (byte[] Content, long Version)> _objects = new(StringComparer.Ordinal);
    private long _version;

    public string Description => "memory";

    /// <summary>Asked before each operation that changes something; true makes it fail, without or with its effect.</summary>
    public Func<string, Failure> Fault { get; set; } = static _ => Failure.None;

    /// <summary>Nothing is answered before this has ended.</summary>
    public Task Way { get; set; } = Task.CompletedTask;

    /// <summary>Every operation, by name and key.</summary>
    public List<string> Operations { get; } = [];

    /// <summary>Bytes read by ranges.</summary>
    public long BytesRead { get; set; }

    public enum Failure
    {
        None,
        NotDone,
        DoneButUnknown,
    }

    public IReadOnlyList<string> Keys
    {
        get
        {
            lock (_lock)
            {
                return [.. _objects.Keys];
            }
        }
    }

    public byte[] this[string key]
    {
        get
        {
            lock (_lock)
            {
                return _objects[key].Content;
            }
        }

        set
        {
            lock (_lock)
            {
                _objects[key] = (value, ++_version);
            }
        }
    }

    public long Bytes(string prefix)
    {
        lock (_lock)
        {
            return _objects.Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal)).Sum(static o => (long)o.Value.Content.Length);
        }
    }

    public void Remove(string key)
    {
        lock (_lock)
        {
            _objects.Remove(key);
        }
    }

    public async Task<BucketObject?> GetAsync(string key, CancellationToken cancel)
    {
        await BeginAsync("get", key, cancel);
        lock (_lock)
        {
            return _objects.TryGetValue(key, out var found) ? new BucketObject(found.Content, $"{found.Version}") : null;
        }
    }

    public async Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel)
    {
        await BeginAsync("range", key, cancel);
        lock (_lock)
        {
            if (!_objects.TryGetValue(key, out var found))
            {
                return null;
            }

            var size = found.Content.Length;
            var start = offset < 0 ? Math.Max(0, size + offset) : Math.Min(offset, size);
            var end = Math.Min(size, (offset < 0 ? Math.Max(0, size + offset) : start) + length);
            BytesRead += end - start;
            return found.Content.AsMemory((int)start, (int)(end - start));
        }
    }

    public async Task<Stream?> OpenReadAsync(string key, CancellationToken cancel) =>
        await GetAsync(key, cancel) is { } found ? new MemoryStream(found.Content.ToArray()) : null;

    public async Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        var failure = await BeginAsync("put", key, cancel);
        long version;
        lock (_lock)
        {
            var there = _objects.TryGetValue(key, out var found);
            if ((condition.MustBeAbsent && there) || (condition.ETag is { } etag && (!there || etag != $"{found.Version}")))
            {
                return PutOutcome.Conflict;
            }

            version = ++_version;
            _objects[key] = (content.ToArray(), version);
        }

        return failure == Failure.DoneButUnknown ? throw Unknown() : new PutOutcome(true, $"{version}");
    }

    public async Task PutStreamAsync(string key, Stream content, CancellationToken cancel)
    {
        var rest = new MemoryStream();
        await content.CopyToAsync(rest, cancel);
        await PutAsync(key, rest.ToArray(), PutCondition.None, cancel);
    }

    public async IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        await BeginAsync("list", prefix, cancel);
        List<BucketEntry> entries;
        lock (_lock)
        {
            entries = [.. _objects
                .Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(o.Key, after) > 0))
                .Select(static o => new BucketEntry(o.Key, o.Value.Content.Length, default))];
        }

        foreach (var entry in entries)
        {
            yield return entry;
        }
    }

    public async Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel)
    {
        var failure = await BeginAsync("delete", string.Join(' ', keys), cancel);
        lock (_lock)
        {
            foreach (var key in keys)
            {
                _objects.Remove(key);
            }
        }

        if (failure == Failure.DoneButUnknown)
        {
            throw Unknown();
        }
    }

    private async Task<Failure> BeginAsync(string operation, string key, CancellationToken cancel)
    {
        // Like a network's: the answer never comes at once.
        await Task.Yield();
        await Way.WaitAsync(cancel);
        cancel.ThrowIfCancellationRequested();
        Failure failure;
        lock (_lock)
        {
            Operations.Add($"{operation} {key}");
            failure = Fault($"{operation} {key}");
        }

        return failure == Failure.NotDone ? throw new BucketException(BucketFault.Unavailable, $"{operation} {key}: the bucket does not answer.") : failure;
    }

    private static BucketException Unknown() => new(BucketFault.OutcomeUnknown, "The connection was lost.");
}
