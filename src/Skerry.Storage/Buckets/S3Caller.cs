namespace Skerry.Storage.Buckets;

/// <summary>What is being done, for errors and time limits.</summary>
/// <param name="Operation">A verb.</param>
/// <param name="Key">To what.</param>
/// <param name="Writes">It changes something.</param>
/// <param name="Bytes">Content to be sent.</param>
internal readonly record struct S3Call(string Operation, string Key, bool Writes = false, long Bytes = 0);

/// <summary>One attempt's time limit.</summary>
internal sealed class S3Attempt(CancellationTokenSource source, TimeSpan timeout)
{
    // A second for each MiB: slower than any network that a cluster would work with.
    private const double BytesPerSecond = 1 << 20;

    public CancellationToken Token => source.Token;

    /// <summary>So many bytes are to come: the limit is counted from now, with time for them.</summary>
    public void Expect(long bytes) => source.CancelAfter(timeout + TimeSpan.FromSeconds(bytes / BytesPerSecond));
}

/// <summary>
/// Makes attempts at a request until one succeeds, one fails in a way that does not pass, or the time is over. The SDK's
/// own retries are off: it does not tell a failure that may have happened from one that cannot have. Thread-safe.
/// </summary>
internal sealed class S3Caller(S3BucketOptions options, string description, TimeProvider time, Random random)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    private readonly Lock _random = new();

    /// <summary>Runs something that may be repeated.</summary>
    public async Task<T> CallAsync<T>(S3Call call, Func<S3Attempt, Task<T>> attempt, CancellationToken cancel)
    {
        var retries = Begin();
        var unknown = false;
        while (true)
        {
            try
            {
                return await AttemptAsync(call, attempt, cancel);
            }
            catch (S3AttemptException e)
            {
                unknown |= call.Writes && e.Failure.MayHaveHappened;
                if (!await retries.GoOnAsync(e.Failure, cancel))
                {
                    throw Exception(call, e, unknown);
                }
            }
        }
    }

    /// <summary>Runs something once.</summary>
    /// <exception cref="S3AttemptException">It failed.</exception>
    public async Task<T> AttemptAsync<T>(S3Call call, Func<S3Attempt, Task<T>> attempt, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var forward = cancel.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), limit);
        var current = new S3Attempt(limit, options.AttemptTimeout);
        current.Expect(call.Bytes);
        try
        {
            return await attempt(current);
        }
        catch (Exception e) when (S3Failure.Of(e, limit.IsCancellationRequested) is { } failure)
        {
            // Who has given up is told that, whatever it was that came to an end thereby.
            cancel.ThrowIfCancellationRequested();
            throw new S3AttemptException(failure, e);
        }
    }

    public Retries Begin() => new(this, time.GetTimestamp());

    public BucketException Exception(S3Call call, S3AttemptException e, bool unknown)
    {
        var what = $"Could not {call.Operation} {call.Key} in {description}. {e.Failure.What}";
        return unknown
            ? new BucketException(BucketFault.OutcomeUnknown, $"{what} It may have happened all the same.", e.InnerException)
            : new BucketException(e.Failure.Fault, what, e.InnerException);
    }

    private TimeSpan Jitter(TimeSpan pause)
    {
        lock (_random)
        {
            return pause * (0.5 + (random.NextDouble() / 2));
        }
    }

    /// <summary>Growing pauses, within the time for one request.</summary>
    internal sealed class Retries(S3Caller caller, long began)
    {
        private TimeSpan _pause = _firstPause;

        /// <summary>Waits before the next attempt; false if there is to be none.</summary>
        public async Task<bool> GoOnAsync(S3Failure failure, CancellationToken cancel)
        {
            var pause = caller.Jitter(_pause);
            if (!failure.Retry || caller.Time.GetElapsedTime(began) + pause > caller.RetryTime)
            {
                return false;
            }

            await Task.Delay(pause, caller.Time, cancel);
            _pause = TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, _longestPause.Ticks));
            return true;
        }
    }

    private TimeProvider Time => time;

    private TimeSpan RetryTime => options.RetryTime;
}

/// <summary>One attempt failed. Never leaves the folder's code.</summary>
internal sealed class S3AttemptException(S3Failure failure, Exception cause) : Exception(failure.What, cause)
{
    public S3Failure Failure { get; } = failure;
}
