using Skerry.Storage.Log;

namespace Skerry.Storage.Tests.Log;

/// <summary>
/// Real files of a machine that may lose power: of what was written and not synced, each file then keeps its first writes,
/// and of the next one a part. What was synced stays, and so do names.
/// </summary>
internal sealed class CrashingFiles : LogFiles
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<(long Offset, byte[] Before)>> _unsynced = [];
    private readonly ManualResetEventSlim _power = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _hold;
    private bool _off;

    /// <summary>Thrown by syncs and writes while set.</summary>
    public IOException? Error { get; set; }

    public override LogFile Open(string path, FileMode mode) => new CrashingFile(this, base.Open(path, mode), path);

    public override void Rename(string from, string to)
    {
        base.Rename(from, to);
        lock (_gate)
        {
            if (_unsynced.Remove(from, out var writes))
            {
                _unsynced[to] = writes;
            }
        }
    }

    public override void Delete(string path)
    {
        base.Delete(path);
        lock (_gate)
        {
            _unsynced.Remove(path);
        }
    }

    /// <summary>Lets no sync end before the power fails; completes when one has begun.</summary>
    public Task HoldSyncs()
    {
        lock (_gate)
        {
            _hold = true;
            return _reached.Task;
        }
    }

    /// <summary>The power fails: nothing reaches the disk any more.</summary>
    public void PowerOff()
    {
        lock (_gate)
        {
            _off = true;
            _power.Set();
        }
    }

    /// <summary>Whoever had the files open has closed them: what is not on the disk is gone.</summary>
    /// <returns>How many writes were lost, and how many torn.</returns>
    public (int Lost, int Torn) LoseUnsynced(Random random)
    {
        var (lost, torn) = (0, 0);
        foreach (var (path, writes) in _unsynced)
        {
            if (writes.Count == 0 || !File.Exists(path))
            {
                continue;
            }

            var kept = random.Next(writes.Count + 1);
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            for (var i = writes.Count - 1; i >= kept; i--)
            {
                var (offset, before) = writes[i];
                var from = i == kept && random.Next(2) == 0 ? random.Next(before.Length) : 0;
                RandomAccess.Write(file, before.AsSpan(from), offset + from);
                lost++;
                torn += from > 0 ? 1 : 0;
            }
        }

        return (lost, torn);
    }

    private sealed class CrashingFile(CrashingFiles owner, LogFile inner, string path) : LogFile
    {
        public override long Length => inner.Length;

        public override int Read(Span<byte> buffer, long offset) => inner.Read(buffer, offset);

        public override void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            lock (owner._gate)
            {
                ThrowIfBroken();
                var before = new byte[bytes.Length];
                var there = inner.Read(before, offset);
                if (!owner._unsynced.TryGetValue(path, out var writes))
                {
                    owner._unsynced.Add(path, writes = []);
                }

                writes.Add((offset, there == before.Length ? before : [.. before[..there], .. new byte[before.Length - there]]));
                inner.Write(bytes, offset);
            }
        }

        public override void Sync()
        {
            if (owner._hold)
            {
                owner._reached.TrySetResult();
                owner._power.Wait();
            }

            lock (owner._gate)
            {
                ThrowIfBroken();
                owner._unsynced.Remove(path);
            }

            // The test ends no machine: what the disk itself does with a sync is not its concern.
        }

        public override void SetLength(long length) => inner.SetLength(length);

        public override void Dispose() => inner.Dispose();

        private void ThrowIfBroken()
        {
            if (owner._off || owner.Error is not null)
            {
                throw owner.Error ?? new IOException("The power is off.", 5);
            }
        }
    }
}
