using Skerry.Storage.Buckets;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Archive;

/// <summary>
/// What the bundles of one session hold: loaded from the bucket by whoever takes over from the session or reads its
/// objects, kept up by the session itself. Thread-safe.
/// </summary>
/// <remarks>
/// The bundle with the highest sequence says up to where the session's records are in the bucket. It stays even when
/// nothing in it is needed any more.
/// </remarks>
public sealed class SessionBundles
{
    private const int ParallelReads = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, List<BundledEntry>> _entries = [];
    private readonly Dictionary<ObjectKey, (ulong Sequence, long AlarmMs)> _alarms = [];
    private readonly Dictionary<string, int> _unpromoted = [];
    private string? _newest;
    private ulong _lastSequence;

    /// <summary>A session that has no bundles yet.</summary>
    public SessionBundles(SessionId session) => Session = session;

    /// <summary>The session.</summary>
    public SessionId Session { get; }

    /// <summary>Everything up to this sequence is in the bucket; 0 if there are no bundles.</summary>
    public ulong LastSequence
    {
        get
        {
            lock (_lock)
            {
                return _lastSequence;
            }
        }
    }

    /// <summary>The objects that have entries which are not promoted yet.</summary>
    public IReadOnlyList<ObjectKey> Objects
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries.Keys];
            }
        }
    }

    /// <summary>Objects of which anything is remembered.</summary>
    internal int Remembered
    {
        get
        {
            lock (_lock)
            {
                return Math.Max(_entries.Count, _alarms.Count);
            }
        }
    }

    /// <summary>Lists a session's bundles and reads their indexes.</summary>
    /// <exception cref="StorageDamagedException">One is damaged.</exception>
    public static async Task<SessionBundles> LoadAsync(IBucket bucket, SessionId session, CancellationToken cancel)
    {
        var bundles = new SessionBundles(session);
        var reads = new Queue<Task<BatchIndex?>>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            await foreach (var file in bucket.ListAsync(BucketKeys.BundlesOf(session), null, cancel))
            {
                if (!BucketKeys.TryParseBundle(file.Key, out _, out _, out _))
                {
                    continue;
                }

                if (reads.Count >= ParallelReads)
                {
                    bundles.AddIfThere(await reads.Peek());
                    _ = reads.Dequeue();
                }

                reads.Enqueue(BatchFile.ReadIndexAsync(bucket, file.Key, file.Bytes, stop.Token));
            }

            while (reads.TryPeek(out var read))
            {
                bundles.AddIfThere(await read);
                _ = reads.Dequeue();
            }
        }
        finally
        {
            stop.Cancel();
            await ((Task)Task.WhenAll(reads)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        return bundles;
    }

    // One that has gone since the list was made had nothing left that is not promoted.
    private void AddIfThere(BatchIndex? index)
    {
        if (index is not null)
        {
            Add(index);
        }
    }

    /// <summary>What the bundles have of an object, by sequence; some of it may be in the object's own files too.</summary>
    public IReadOnlyList<BundledEntry> EntriesOf(ObjectKey key)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(key, out var entries) ? [.. entries] : [];
        }
    }

    /// <summary>The alarm that each object has after its newest transaction here, Unix milliseconds; 0 for none. Of what has not been promoted.</summary>
    public IReadOnlyDictionary<ObjectKey, long> NewestAlarms()
    {
        lock (_lock)
        {
            return _alarms.ToDictionary(static a => a.Key, static a => a.Value.AlarmMs);
        }
    }

    /// <summary>Takes in a bundle that has just been written, or read.</summary>
    /// <exception cref="ArgumentException">It is not one of this session's.</exception>
    public void Add(BatchIndex index)
    {
        if (!BucketKeys.TryParseBundle(index.Key, out var session, out _, out var last) || session != Session)
        {
            throw new ArgumentException($"{index.Key} is no bundle of session {Session}.", nameof(index));
        }

        lock (_lock)
        {
            if (!_unpromoted.TryAdd(index.Key, index.Entries.Count))
            {
                return;
            }

            if (last >= _lastSequence)
            {
                (_newest, _lastSequence) = (index.Key, last);
            }

            foreach (var entry in index.Entries)
            {
                Add(index.Key, entry);
            }
        }
    }

    private void Add(string file, in BatchEntry entry)
    {
        if (!_entries.TryGetValue(entry.Key, out var entries))
        {
            _entries[entry.Key] = entries = [];
        }

        // Bundles come in order, but for those that are written again by whoever takes over.
        var at = entries.Count;
        while (at > 0 && entries[at - 1].Entry.Sequence > entry.Sequence)
        {
            at--;
        }

        entries.Insert(at, new BundledEntry(file, entry));
        if (!_alarms.TryGetValue(entry.Key, out var known) || known.Sequence <= entry.Sequence)
        {
            _alarms[entry.Key] = (entry.Sequence, entry.AlarmMs);
        }
    }

    /// <summary>An object's entries up to a sequence are in its own files now.</summary>
    public void Promoted(ObjectKey key, ulong throughSequence)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entries))
            {
                return;
            }

            var count = entries.FindIndex(e => e.Entry.Sequence > throughSequence) is var rest && rest < 0 ? entries.Count : rest;
            foreach (var (file, _) in entries.Take(count))
            {
                _unpromoted[file]--;
            }

            entries.RemoveRange(0, count);
            if (entries.Count == 0)
            {
                // Its alarm too: whoever reads a session's alarms has just read its bundles, and promotes afterwards.
                _entries.Remove(key);
                _alarms.Remove(key);
            }
        }
    }

    /// <summary>The bundles that nobody needs any more. The newest is never among them.</summary>
    public IReadOnlyList<string> Spent()
    {
        lock (_lock)
        {
            return [.. _unpromoted.Where(b => b.Value == 0 && b.Key != _newest).Select(static b => b.Key)];
        }
    }

    /// <summary>Bundles have been put into the trash: they are not <see cref="Spent"/> again.</summary>
    public void Forget(IEnumerable<string> spent)
    {
        lock (_lock)
        {
            foreach (var file in spent)
            {
                if (_unpromoted.TryGetValue(file, out var left) && left == 0 && file != _newest)
                {
                    _unpromoted.Remove(file);
                }
            }
        }
    }
}
