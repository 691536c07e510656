namespace Skerry.Objects.Fleet;

/// <summary>
/// Puts calls that come from other nodes back into the order in which they were made through their stub, for messages
/// overtake each other. Each call names the one before it; it is taken in once that one has been. Thread-safe.
/// </summary>
/// <remarks>
/// What is known of a stub is kept for a few seconds after its last call: longer than anything is on its way between two
/// nodes. Senders count on <see cref="Kept"/>: they name no call before that is older.
/// </remarks>
internal sealed class CallOrder(TimeProvider time)
{
    /// <summary>How long a call is remembered at least.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(5);

    // A call whose predecessor does not come is taken in after this: that one was lost, and its caller will hear so.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Dictionary<Guid, Stub> _young = [];
    private Dictionary<Guid, Stub> _old = [];
    private long _turned = time.GetTimestamp();

    /// <summary>Takes a call in, at once or when its turn has come.</summary>
    /// <param name="stub">The stub that it was made through.</param>
    /// <param name="number">Its number there.</param>
    /// <param name="follows">The number of the call before it; 0 for none.</param>
    /// <param name="take">Takes it in; told the last call before it that has arrived at its object, answers whether this one has. Must not throw.</param>
    /// <returns>False if it comes after a later one: it must not run any more.</returns>
    public Task<bool> TakeAsync(Guid stub, long number, long follows, Func<long, bool> take)
    {
        var calls = Find(stub);
        lock (calls)
        {
            if (number <= calls.Seen)
            {
                return Task.FromResult(false);
            }

            if (follows <= calls.Seen)
            {
                calls.Take(number, take);
                return Task.FromResult(true);
            }
        }

        return WaitAsync(calls, number, follows, take);
    }

    private async Task<bool> WaitAsync(Stub calls, long number, long follows, Func<long, bool> take)
    {
        var waiting = new Waiting(number, follows, take);
        lock (calls)
        {
            calls.Waiting.Add(waiting);
        }

        using var patience = new CancellationTokenSource(s_patience, time);
        using var late = patience.Token.UnsafeRegister(
            static s =>
            {
                var (calls, waiting) = ((Stub, Waiting))s!;
                lock (calls)
                {
                    if (calls.Waiting.Remove(waiting))
                    {
                        calls.Take(waiting.Number, waiting.Take);
                        waiting.Taken.TrySetResult();
                    }
                }
            },
            (calls, waiting));

        // It may have come between the first look and now.
        lock (calls)
        {
            calls.TakeWaiting();
        }

        await waiting.Taken.Task.ConfigureAwait(false);
        return true;
    }

    private Stub Find(Guid stub)
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_turned) > Kept)
            {
                (_old, _young) = (_young, _old);
                _young.Clear();
                _turned = time.GetTimestamp();
            }

            if (!_young.TryGetValue(stub, out var calls))
            {
                _young[stub] = calls = _old.TryGetValue(stub, out calls) ? calls : new Stub();
            }

            return calls;
        }
    }

    private sealed record Waiting(long Number, long Follows, Func<long, bool> Take)
    {
        public TaskCompletionSource Taken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    // Guarded by itself.
    private sealed class Stub
    {
        public List<Waiting> Waiting { get; } = [];

        /// <summary>The last call that was taken in.</summary>
        public long Seen { get; private set; }

        private long _arrived;

        public void Take(long number, Func<long, bool> take)
        {
            if (take(_arrived))
            {
                _arrived = number;
            }

            Seen = Math.Max(Seen, number);
            TakeWaiting();
        }

        public void TakeWaiting()
        {
            while (Waiting.Find(w => w.Follows <= Seen) is { } next)
            {
                Waiting.Remove(next);
                if (next.Take(_arrived))
                {
                    _arrived = next.Number;
                }

                Seen = Math.Max(Seen, next.Number);
                next.Taken.TrySetResult();
            }
        }
    }
}
