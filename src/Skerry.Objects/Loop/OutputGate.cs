using System.Diagnostics.CodeAnalysis;
using Skerry.Storage.Relay;

namespace Skerry.Objects.Loop;

/// <summary>
/// Holds back everything that leaves an object until the writes made before it are confirmed, and until it is proven
/// that nobody else could have written the object by the time it was found. Once broken it never opens again: whatever
/// waits, or comes later, fails.
/// </summary>
/// <remarks>
/// What proves it, each by itself: no other node can have the object (there is no claim); the claim's lease holds after
/// the code ran; or the confirmation of a record that was written after the code ran, for the followers that confirmed it
/// were not sealed then. That the waiter's own transaction is confirmed is no such proof if the code ran later: the
/// confirmation may be old news. Thread-safe: the object's loop waits, the log's writer confirms.
/// </remarks>
internal sealed class OutputGate
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiters = new();
    private ulong _confirmed;
    private ulong _written;
    private bool _passing;
    private Exception? _broken;
    private IObjectClaim? _claim;
    private Action<Exception>? _claimLost;
    private CancellationTokenSource? _asking;
    private long _entered;
    private long _left;
    private long _provenTo;

    /// <param name="confirmed">The newest transaction that is confirmed already.</param>
    public OutputGate(ulong confirmed)
    {
        _confirmed = _written = confirmed;
        Required = confirmed;
    }

    /// <summary>From now on the object may be somebody else's. On the loop, before anything has left.</summary>
    /// <param name="claim">What says whether it is still ours.</param>
    /// <param name="lost">Told once that it is not.</param>
    public void Hold(IObjectClaim claim, Action<Exception> lost)
    {
        _claimLost = lost;
        _claim = claim;
    }

    /// <summary>The transaction that everything leaving now has to wait for. Only the loop reads and writes it.</summary>
    public ulong Required { get; set; }

    /// <summary>True if nothing that leaves now would have to wait, or would overtake what is just leaving.</summary>
    public bool IsOpen =>
        Volatile.Read(ref _confirmed) >= Required && !Volatile.Read(ref _passing) && Volatile.Read(ref _broken) is null
        && (_claim is null || (_claim.MayAnswer && Volatile.Read(ref _asking) is null));

    /// <summary>A transaction was handed to the log. On the loop.</summary>
    public void Written(ulong transaction) => Volatile.Write(ref _written, transaction);

    /// <summary>Passes the waiter at once (false: it was not kept) or keeps it until its transaction is confirmed.</summary>
    /// <param name="waiter">What wants to leave; its code has run.</param>
    /// <param name="writtenAfter">True if its transaction was written after its code ran, so that the confirmation proves it.</param>
    public bool TryWait(IGateWaiter waiter, bool writtenAfter = false)
    {
        Exception? broken;
        CancellationTokenSource? asking = null;
        lock (_lock)
        {
            broken = _broken;
            if (broken is null)
            {
                var proven = writtenAfter || _claim is null || _claim.MayAnswer;
                if (proven && waiter.Transaction <= _confirmed && !_passing && _waiters.Count == 0)
                {
                    return false;
                }

                _waiters.Enqueue(new Waiting(waiter, proven ? 0 : Volatile.Read(ref _written) + 1));
                _entered++;
                if (!proven && _asking is null)
                {
                    _asking = asking = new CancellationTokenSource();
                }
            }
        }

        if (broken is not null)
        {
            waiter.Fail(broken);
        }
        else if (asking is not null)
        {
            _ = AskAsync(asking);
        }

        return true;
    }

    // Asks the claim for as long as somebody waits who has no other proof.
    private async Task AskAsync(CancellationTokenSource asking)
    {
        try
        {
            while (true)
            {
                var upTo = Volatile.Read(ref _entered);
                await _claim!.WhenMayAnswerAsync(asking.Token).AsTask().ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                bool pass;
                lock (_lock)
                {
                    _provenTo = Math.Max(_provenTo, _claim.MayAnswer ? _entered : upTo);
                    pass = !_passing && _broken is null && _waiters.TryPeek(out var first) && MayPass(first, _confirmed);
                    if (pass)
                    {
                        Volatile.Write(ref _passing, true);
                    }
                }

                if (pass)
                {
                    PassAll();
                }

                lock (_lock)
                {
                    if (_provenTo >= _entered || _waiters.Count == 0 || _broken is not null)
                    {
                        Volatile.Write(ref _asking, null);
                        return;
                    }
                }
            }
        }
        catch (OperationCanceledException) when (asking.IsCancellationRequested)
        {
            // The gate was broken, and whoever waited knows.
        }
        catch (Exception e)
        {
            _claimLost!(e);
        }
        finally
        {
            asking.Dispose();
        }
    }

    private bool MayPass(in Waiting waiting, ulong confirmed) =>
        waiting.Waiter.Transaction <= confirmed && (waiting.ProvenBy <= confirmed || _left < _provenTo);

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
            if (_passing)
            {
                Volatile.Write(ref _confirmed, transaction);
                return;
            }

            Volatile.Write(ref _passing, _waiters.TryPeek(out var first) && MayPass(first, transaction));
            Volatile.Write(ref _confirmed, transaction);
            if (!_passing)
            {
                return;
            }
        }

        PassAll();
    }

    private void PassAll()
    {
        while (TryNext(out var waiter))
        {
            waiter.Pass();
        }
    }

    private bool TryNext([NotNullWhen(true)] out IGateWaiter? waiter)
    {
        lock (_lock)
        {
            if (_waiters.TryPeek(out var first) && MayPass(first, _confirmed))
            {
                _waiters.Dequeue();
                _left++;
                waiter = first.Waiter;
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
        Waiting[] failed;
        CancellationTokenSource? asking;
        lock (_lock)
        {
            if (_broken is not null)
            {
                return;
            }

            Volatile.Write(ref _broken, error);
            failed = [.. _waiters];
            _waiters.Clear();
            asking = _asking;
        }

        Cancel(asking);
        foreach (var waiting in failed)
        {
            waiting.Waiter.Fail(error);
        }
    }

    private static void Cancel(CancellationTokenSource? asking)
    {
        try
        {
            asking?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The answer came at the same moment.
        }
    }

    // ProvenBy: the first transaction whose confirmation proves the waiter; 0 if it needs no proof.
    private readonly record struct Waiting(IGateWaiter Waiter, ulong ProvenBy);

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
