using System.Threading.Channels;

namespace Skerry.Storage.Relay;

/// <summary>
/// Runs the procedures of ownership and takeover in a process, one continuation at a time on a thread of its own, so that
/// they need no locks. Disposing runs what is queued and ends the thread.
/// </summary>
public sealed class RelayLoop : SynchronizationContext, IDisposable
{
    private readonly Channel<(SendOrPostCallback Callback, object? State)> _queue =
        Channel.CreateUnbounded<(SendOrPostCallback, object?)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Thread _thread;

    /// <summary>Starts the loop.</summary>
    public RelayLoop()
    {
        _thread = new Thread(Pump) { IsBackground = true, Name = "relay loop" };
        _thread.Start();
    }

    /// <summary>True on the loop's thread.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>Runs a procedure on the loop, and completes with it. From any thread.</summary>
    public Task<T> RunAsync<T>(Func<Task<T>> procedure)
    {
        ArgumentNullException.ThrowIfNull(procedure);
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(static async state =>
        {
            var (procedure, done) = ((Func<Task<T>>, TaskCompletionSource<T>))state!;
            try
            {
                done.SetResult(await procedure());
            }
            catch (OperationCanceledException error)
            {
                done.SetCanceled(error.CancellationToken);
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }, (procedure, done));
        return done.Task;
    }

    /// <inheritdoc cref="RunAsync{T}(Func{Task{T}})"/>
    public Task RunAsync(Func<Task> procedure)
    {
        ArgumentNullException.ThrowIfNull(procedure);
        return RunAsync(async () =>
        {
            await procedure();
            return true;
        });
    }

    /// <inheritdoc/>
    /// <remarks>After <see cref="Dispose"/> nothing is taken any more: what awaited on the loop stays where it is.</remarks>
    public override void Post(SendOrPostCallback d, object? state) => _queue.Writer.TryWrite((d, state));

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("The relay's loop is not waited for; use RunAsync.");

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <inheritdoc/>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        if (!IsCurrent)
        {
            _thread.Join();
        }
    }

    private void Pump()
    {
        SetSynchronizationContext(this);
        do
        {
            while (_queue.Reader.TryRead(out var work))
            {
                work.Callback(work.State);
            }
        }
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult());
    }
}
