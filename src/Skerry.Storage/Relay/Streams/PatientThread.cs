namespace Skerry.Storage.Relay.Streams;

/// <summary>
/// A thread for what may have to wait until the peer of one stream reads. It is not one of the pool's: those are as few as
/// the machine's cores, and on a busy machine the pool takes a second for each of them before it adds one. Two links to a
/// slow node would keep the heartbeats to all others waiting until those took this node for dead. Started when it is first
/// needed. Thread-safe.
/// </summary>
internal sealed class PatientThread(string name) : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Action> _work = new();
    private bool _started;
    private bool _disposed;

    /// <summary>Does something after what came before it. It must not throw.</summary>
    /// <exception cref="IOException">No thread can be started.</exception>
    /// <exception cref="ObjectDisposedException">The stream has ended.</exception>
    public void Run(Action work)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Start();
            _work.Enqueue(work);
            Monitor.Pulse(_gate);
        }
    }

    /// <inheritdoc cref="Run"/>
    /// <returns>Completes when it is done, with the error that it ended with.</returns>
    public Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Run(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>The thread ends after what it was given. Nobody waits for it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Monitor.Pulse(_gate);
        }
    }

    private void Start()
    {
        if (_started)
        {
            return;
        }

        try
        {
            new Thread(Work, 512 << 10) { IsBackground = true, Name = name }.Start();
            _started = true;
        }
        catch (OutOfMemoryException e)
        {
            throw new IOException("no thread can be started", e);
        }
    }

    private void Work()
    {
        while (true)
        {
            Action? work;
            lock (_gate)
            {
                while (!_work.TryDequeue(out work))
                {
                    if (_disposed)
                    {
                        return;
                    }

                    Monitor.Wait(_gate);
                }
            }

            work();
        }
    }
}
