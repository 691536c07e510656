using System.Collections.Concurrent;

namespace Skerry.Storage.Tests.Archive;

/// <summary>Runs everything that is awaited under it on one thread, in order, when it is told to.</summary>
internal sealed class Pump : SynchronizationContext
{
    private readonly ConcurrentQueue<(SendOrPostCallback Run, object? State)> _posted = new();

    public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    /// <summary>Starts something, up to its first await.</summary>
    public T Start<T>(Func<T> start)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            return start();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Runs until nothing is left to do but to wait.</summary>
    public void Drain() => Start(() =>
    {
        for (var steps = 0; _posted.TryDequeue(out var posted); steps++)
        {
            Assert.True(steps < 3_000_000, "it never comes to rest");
            posted.Run(posted.State);
        }

        return true;
    });

    /// <summary>Runs something to its end, which must not need any time.</summary>
    public void Run(Func<Task> start)
    {
        var task = Start(start);
        Drain();
        Assert.True(task.IsCompleted, "it waits for something");
        task.GetAwaiter().GetResult();
    }
}
