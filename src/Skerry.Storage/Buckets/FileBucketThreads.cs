namespace Skerry.Storage.Buckets;

/// <summary>
/// Threads for writes that wait for the disk. They are not the pool's, for a few syncs at once would leave it no thread
/// to run objects on. Started when needed, kept until disposal. Thread-safe.
/// </summary>
internal sealed class FileBucketThreads : IDisposable
{
    // Syncs at once that still gain something from sharing the file system's journal commits.
    private const int ThreadsMax = 16;

    private readonly object _gate = new();
    private readonly Queue<Action> _work = new();
    private readonly List<Thread> _threads = [];
    private int _waiting;
    private bool _disposed;

    /// <summary>Runs something on one of the threads. What waits is as much as callers await.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _work.Enqueue(() =>
            {
                try
                {
                    completion.SetResult(work());
                }
                catch (Exception e)
                {
                    completion.SetException(e);
                }
            });
            if (_work.Count > _waiting && _threads.Count < ThreadsMax)
            {
                var thread = new Thread(Run) { IsBackground = true, Name = "skerry bucket" };
                _threads.Add(thread);
                thread.Start();
            }
            else
            {
                Monitor.Pulse(_gate);
            }
        }

        return completion.Task;
    }

    /// <summary>Waits for what was begun.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Monitor.PulseAll(_gate);
        }

        _threads.ForEach(static t => t.Join());
    }

    private void Run()
    {
        while (true)
        {
            Action work;
            lock (_gate)
            {
                while (_work.Count == 0 && !_disposed)
                {
                    _waiting++;
                    Monitor.Wait(_gate);
                    _waiting--;
                }

                if (!_work.TryDequeue(out work!))
                {
                    return;
                }
            }

            work();
        }
    }
}
