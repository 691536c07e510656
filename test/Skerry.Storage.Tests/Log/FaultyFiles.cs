using Skerry.Storage.Log;

namespace Skerry.Storage.Tests.Log;

/// <summary>
/// Real files whose syncs and writes can be held up, or made to fail as a broken disk does. Faults concern only
/// segments under their final name, through the writer's own handle: that is the one that stays open.
/// </summary>
internal sealed class FaultyFiles : LogFiles
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _reached = New();
    private TaskCompletionSource _nextSync = New();
    private ManualResetEventSlim? _hold;

    /// <summary>Thrown by syncs of batches while set.</summary>
    public IOException? SyncError { get; set; }

    /// <summary>Thrown by writes of batches while set, after half of the bytes are written.</summary>
    public IOException? WriteError { get; set; }

    /// <summary>Thrown when a segment is cut, while set.</summary>
    public IOException? TruncateError { get; set; }

    /// <summary>Thrown when a file is created, while set.</summary>
    public IOException? CreateError { get; set; }

    /// <summary>Completes when a held sync has been reached.</summary>
    public Task SyncReached => _reached.Task;

    public static IOException BrokenDisk() => new("Input/output error", 5);

    public static IOException FullDisk() => new("No space left on device", 28);

    /// <summary>Completes after the next sync of a batch.</summary>
    public Task NextSync()
    {
        lock (_gate)
        {
            _nextSync = New();
            return _nextSync.Task;
        }
    }

    /// <summary>Holds every sync of a batch until disposed.</summary>
    public IDisposable HoldSyncs()
    {
        _reached = New();
        var hold = new ManualResetEventSlim();
        _hold = hold;
        return new Release(() =>
        {
            _hold = null;
            hold.Set();
        });
    }

    public override LogFile Open(string path, FileMode mode)
    {
        if (mode != FileMode.Open && CreateError is { } error)
        {
            throw error;
        }

        return new FaultyFile(this, base.Open(path, mode), path);
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Release(Action action) : IDisposable
    {
        public void Dispose() => action();
    }

    private sealed class FaultyFile(FaultyFiles owner, LogFile inner, string path) : LogFile
    {
        private readonly bool _segment = path.EndsWith(".log", StringComparison.Ordinal);
        private bool _batch;

        public override long Length => inner.Length;

        public override int Read(Span<byte> buffer, long offset) => inner.Read(buffer, offset);

        public override void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            _batch = _segment && bytes.Length > 8 && bytes[8..].StartsWith("SKBATCH1"u8);
            if (_batch && owner.WriteError is { } error)
            {
                inner.Write(bytes[..(bytes.Length / 2)], offset);
                throw error;
            }

            inner.Write(bytes, offset);
        }

        public override void Sync()
        {
            if (_batch)
            {
                if (owner._hold is { } hold)
                {
                    owner._reached.TrySetResult();
                    hold.Wait();
                }

                if (owner.SyncError is { } error)
                {
                    throw error;
                }
            }

            inner.Sync();
            if (_batch)
            {
                lock (owner._gate)
                {
                    owner._nextSync.TrySetResult();
                }
            }
        }

        public override void SetLength(long length)
        {
            if (owner.TruncateError is { } error)
            {
                throw error;
            }

            inner.SetLength(length);
        }

        public override void Dispose() => inner.Dispose();
    }
}
