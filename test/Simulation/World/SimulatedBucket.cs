using System.IO.Hashing;
using System.Runtime.CompilerServices;
using Skerry.Storage.Buckets;

namespace Skerry.Simulation.World;

/// <summary>
/// The bucket that all nodes share: strongly consistent, with compare-and-swap by a hash of the content, as S3 has it. It is
/// slow, answers 503, is out for a while, and may be unknown in its outcome: a put that seemed to fail may have happened,
/// or happen later, after other puts. What it keeps may become illegible or short, until somebody repairs it.
/// </summary>
internal sealed class SimulatedBucket(Scheduler scheduler, Random random)
{
    private readonly SortedDictionary<string, StoredObject> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _damaged = [];
    private readonly HashSet<string> _everDamaged = [];

    /// <summary>How often an operation fails.</summary>
    public double FaultRate { get; set; }

    /// <summary>Told of every put that has happened.</summary>
    public Action<string, byte[]>? Stored { get; set; }

    /// <summary>Told of every key that has gone.</summary>
    public Action<string>? Deleted { get; set; }

    /// <summary>Answers nothing but errors.</summary>
    public bool IsOut { get; set; }

    /// <summary>What is in it, as it was put.</summary>
    public IReadOnlyDictionary<string, StoredObject> Objects => _objects;

    /// <summary>Whether something was ever wrong with a key's content.</summary>
    public bool WasDamaged(string key) => _everDamaged.Contains(key);

    /// <summary>From now on readers of a key see something else than was put: a few bits, or the end, are missing.</summary>
    public void Damage(string key)
    {
        var content = (byte[])_objects[key].Content.Clone();
        if (random.Happens(0.3))
        {
            content = content[..random.Next(content.Length)];
        }
        else
        {
            content[random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
        }

        _damaged[key] = content;
        _everDamaged.Add(key);
    }

    /// <summary>Every key has its content again.</summary>
    public void Repair() => _damaged.Clear();

    public IBucket For(Machine machine) => new View(this, machine);

    internal readonly record struct StoredObject(byte[] Content, string ETag, long Time);

    private async Task<T> DoAsync<T>(Machine machine, Func<T> action, bool writes, CancellationToken cancel)
    {
        var done = new TaskCompletionSource<T>();
        using var registration = cancel.Register(() => done.TrySetCanceled(cancel));
        var fails = IsOut || random.Happens(FaultRate);
        var there = random.Skewed(2, IsOut ? 500 : 60);
        var back = random.Skewed(2, 60);
        if (!fails)
        {
            // A client that repeats a request whose answer was lost sees its own first try.
            var twice = writes && random.Happens(FaultRate);
            scheduler.After(there, () =>
            {
                var result = action();
                result = twice ? action() : result;
                machine.After(back, () => done.TrySetResult(result));
            });
        }
        else if (writes && random.Happens(0.5))
        {
            // The answer is lost, or the request has stuck somewhere; it may arrive long after it was given up.
            if (random.Happens(0.6))
            {
                scheduler.After(random.Happens(0.5) ? there : random.Between(50, 8_000), () => action());
            }

            machine.After(there + back + random.Skewed(0, 1_500), () => done.TrySetException(new BucketException(BucketFault.OutcomeUnknown, "The bucket has not answered.")));
        }
        else
        {
            machine.After(there + back, () => done.TrySetException(new BucketException(BucketFault.Unavailable, "The bucket answers 503.")));
        }

        return await done.Task;
    }

    private PutOutcome Put(string key, byte[] content, PutCondition condition)
    {
        var exists = _objects.TryGetValue(key, out var there);
        if ((condition.MustBeAbsent && exists) || (condition.ETag is { } etag && (!exists || there.ETag != etag)))
        {
            return PutOutcome.Conflict;
        }

        _damaged.Remove(key);
        var stored = new StoredObject(content, XxHash64.HashToUInt64(content).ToString("x16"), scheduler.Now);
        _objects[key] = stored;
        Stored?.Invoke(key, content);
        return new PutOutcome(true, stored.ETag);
    }

    private byte[]? Read(string key) => _objects.TryGetValue(key, out var found) ? _damaged.GetValueOrDefault(key, found.Content) : null;

    private int Delete(string key)
    {
        if (!_objects.Remove(key))
        {
            return 0;
        }

        _damaged.Remove(key);
        Deleted?.Invoke(key);
        return 1;
    }

    private sealed class View(SimulatedBucket bucket, Machine machine) : IBucket
    {
        public string Description => "simulated";

        public Task<BucketObject?> GetAsync(string key, CancellationToken cancel) => bucket.DoAsync(
            machine, () => bucket.Read(key) is { } content ? new BucketObject(content, bucket._objects[key].ETag) : (BucketObject?)null, false, cancel);

        public Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel) => bucket.DoAsync(
            machine,
            () =>
            {
                if (bucket.Read(key) is not { } content)
                {
                    return (ReadOnlyMemory<byte>?)null;
                }

                var start = offset < 0 ? Math.Max(0, content.Length + offset) : Math.Min(offset, content.Length);
                return content.AsMemory((int)start, (int)Math.Min(length, content.Length - start));
            },
            false,
            cancel);

        public async Task<Stream?> OpenReadAsync(string key, CancellationToken cancel) =>
            await GetAsync(key, cancel) is { } found ? new MemoryStream(found.Content.ToArray(), writable: false) : null;

        public Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
        {
            var copy = content.ToArray();
            return bucket.DoAsync(machine, () => bucket.Put(key, copy, condition), true, cancel);
        }

        public async Task PutStreamAsync(string key, Stream content, CancellationToken cancel)
        {
            var copy = new byte[content.Length - content.Position];
            content.ReadExactly(copy);
            await bucket.DoAsync(machine, () => bucket.Put(key, copy, PutCondition.None), true, cancel);
        }

        public async IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancel)
        {
            var found = await bucket.DoAsync(
                machine,
                () => bucket._objects
                    .Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(o.Key, after) > 0))
                    .Select(o => new BucketEntry(o.Key, bucket.Read(o.Key)!.Length, DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(o.Value.Time)))
                    .ToList(),
                false,
                cancel);
            foreach (var entry in found)
            {
                yield return entry;
            }
        }

        public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel)
        {
            string[] copy = [.. keys];
            return bucket.DoAsync(machine, () => copy.Sum(bucket.Delete), true, cancel);
        }
    }
}
