using System.Diagnostics.CodeAnalysis;

namespace Skerry.Objects.Loop;

/// <summary>
/// Holds back everything that leaves an object until the writes made before it are confirmed. Once broken it never
/// opens again: whatever waits, or comes later, fails.
/// </summary>
/// <remarks>Thread-safe: the object's loop waits, the log's writer confirms.</remarks>
internal sealed class OutputGate
{
    private readonly Lock _lock = new();
    private readonly Queue<IGateWaiter> _waiters = new();
    private ulong _confirmed;
    private bool _passing;
    private Exception? _broken;

    /// <param name="confirmed">The newest transaction that is confirmed already.</param>
    public OutputGate(ulong confirmed)
    {
        _confirmed = confirmed;
        Required = confirmed;
    }

    /// <summary>The transaction that everything leaving now has to wait for. Only the loop reads and writes it.</summary>
    public ulong Required { get; set; }

    /// <summary>True if nothing that leaves now would have to wait, or would overtake what is just leaving.</summary>
    public bool IsOpen =>
        Volatile.Read(ref _confirmed) >= Required && !Volatile.Read(ref _passing) && Volatile.Read(ref _broken) is null;

    /// <summary>Passes the waiter at once (false: it was not kept) or keeps it until its transaction is confirmed.</summary>
    public bool TryWait(IGateWaiter waiter)
    {
        Exception? broken;
        lock (_lock)
        {
            broken = _broken;
            if (broken is null)
            {
                if (waiter.Transaction <= _confirmed && !_passing)
                {
                    return false;
                }

                _waiters.Enqueue(waiter);
                return true;
            }
        }

        waiter.Fail(broken);
        return true;
    }

    /// <summary>Completes when everything written before now is confirmed; fails if it never will be.</summary>
    public Task WaitAsync() => WaitAsync(Required);

    /// <summary>Completes when <paramref name="transaction"/> is confirmed.</summary>
    public Task WaitAsync(ulong transaction)
    {
        var waiter = new TaskWaiter(transaction);
        return TryWait(waiter) ? waiter.Task : Task.CompletedTask;
    }

    /// <summary>All transactions up to <paramref name="transaction"/> are confirmed.</summary>
    public void Confirm(ulong transaction)
    {
        lock (_lock)
        {
            if (_broken is not null || transaction <= _confirmed)
            {
                return;
            }

            // Whoever passes waiters goes on until none is left. Until then newcomers queue behind them: the callbacks
            // run outside the lock, and a newcomer let through meanwhile would overtake.
            var alreadyPassing = _passing;
            Volatile.Write(ref _passing, alreadyPassing || (_waiters.TryPeek(out var first) && first.Transaction <= transaction));
            Volatile.Write(ref _confirmed, transaction);
            if (alreadyPassing || !_passing)
            {
                return;
            }
        }

        while (TryNext(out var waiter))
        {
            waiter.Pass();
        }
    }

    private bool TryNext([NotNullWhen(true)] out IGateWaiter? waiter)
    {
        lock (_lock)
        {
            if (_waiters.TryPeek(out waiter) && waiter.Transaction <= _confirmed)
            {
                _waiters.Dequeue();
                return true;
            }

            Volatile.Write(ref _passing, false);
            waiter = null;
            return false;
        }
    }

    /// <summary>Breaks the gate for good.</summary>
    public void Break(Exception error)
    {
        IGateWaiter[] failed;
        lock (_lock)
        {
            if (_broken is not null)
            {
                return;
            }

            Volatile.Write(ref _broken, error);
            failed = [.. _waiters];
            _waiters.Clear();
        }

        foreach (var waiter in failed)
        {
            waiter.Fail(error);
        }
    }

    private sealed class TaskWaiter(ulong transaction)
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), IGateWaiter
    {
        public ulong Transaction { get; set; } = transaction;

        public void Pass() => SetResult();

        public void Fail(Exception error) => SetException(error);
    }
}

/// <summary>Something that waits at an output gate. Callbacks come on the confirming thread and must not block.</summary>
internal interface IGateWaiter
{
    ulong Transaction { get; set; }

    void Pass();

    void Fail(Exception error);
}
