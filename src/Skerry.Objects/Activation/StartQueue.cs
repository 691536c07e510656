using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Objects.Activation;

/// <summary>
/// Bounds how many objects are claimed and fetched at once. After a node has died, thousands of its objects may be asked
/// for in the same second: those that somebody waits for go first, in the order in which they were asked for, and those
/// that only an alarm brings up take at most half of the places.
/// </summary>
/// <remarks>
/// Who waits for a place is told so after <paramref name="patience"/>, but only if nothing has got on all that time, as
/// when the bucket is away: a long queue that moves is not left by anybody. Thread-safe.
/// </remarks>
/// <param name="concurrency">How many at once.</param>
/// <param name="patience">How long nothing may get on.</param>
/// <param name="time">The clock.</param>
internal sealed class StartQueue(int concurrency, TimeSpan patience, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Start> _requested = new();
    private readonly LinkedList<Start> _unrequested = new();
    private readonly Dictionary<ObjectKey, LinkedListNode<Start>> _waiting = [];
    private int _running;
    private int _runningUnrequested;
    private long _gotOn = time.GetTimestamp();
    private volatile ClaimException? _failure;

    /// <summary>Starts that wait for a place.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>True if an object's start waits for a place: nothing of it has been claimed.</summary>
    public bool IsWaiting(ObjectKey key)
    {
        lock (_lock)
        {
            return _waiting.ContainsKey(key);
        }
    }

    /// <summary>Claims an object when there is a place.</summary>
    /// <exception cref="ClaimException">It cannot be had now, or none can.</exception>
    public async Task<IObjectClaim> RunAsync(IObjectHome home, ObjectKey key, bool unrequested, CancellationToken cancel)
    {
        var start = new Start(key) { Unrequested = unrequested };
        lock (_lock)
        {
            if (MayRun(start))
            {
                Begin(start);
            }
            else
            {
                _waiting[key] = (unrequested ? _unrequested : _requested).AddLast(start);
            }
        }

        using (cancel.UnsafeRegister(static s => ((Start)s!).Turn.TrySetCanceled(), start))
        {
            try
            {
                await WaitAsync(start).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ClaimException)
            {
                Withdraw(start);
                throw;
            }
        }

        try
        {
            var claim = await home.PrepareAsync(key, cancel).ConfigureAwait(false);
            Volatile.Write(ref _gotOn, time.GetTimestamp());
            return claim;
        }
        catch (ClaimException e)
        {
            _failure = e;
            throw;
        }
        finally
        {
            Ended(start);
        }
    }

    private async Task WaitAsync(Start start)
    {
        while (true)
        {
            try
            {
                await start.Turn.Task.WaitAsync(patience, time).ConfigureAwait(false);
                return;
            }
            catch (TimeoutException e)
            {
                if (time.GetElapsedTime(Volatile.Read(ref _gotOn)) >= patience)
                {
                    throw new ClaimException($"No object could be claimed for {patience.TotalSeconds:0} s, and {Waiting} wait. {_failure?.Message}", e);
                }
            }
        }
    }

    /// <summary>Somebody waits for an object that only an alarm had asked for.</summary>
    public void Hurry(ObjectKey key)
    {
        lock (_lock)
        {
            if (_waiting.TryGetValue(key, out var node) && node.Value.Unrequested)
            {
                _unrequested.Remove(node);
                node.Value.Unrequested = false;
                _requested.AddLast(node);
                BeginNext();
            }
        }
    }

    private bool MayRun(Start start) =>
        _running < concurrency && (!start.Unrequested || _runningUnrequested < Math.Max(1, concurrency / 2));

    private void Begin(Start start)
    {
        start.Running = true;
        _running++;
        _runningUnrequested += start.Unrequested ? 1 : 0;
        start.Turn.TrySetResult();
    }

    private void BeginNext()
    {
        while ((_requested.First ?? _unrequested.First) is { } next && MayRun(next.Value))
        {
            next.List!.Remove(next);
            _waiting.Remove(next.Value.Key);
            Begin(next.Value);
        }
    }

    private void Withdraw(Start start)
    {
        lock (_lock)
        {
            if (!start.Running)
            {
                _waiting.Remove(start.Key, out var node);
                node!.List!.Remove(node);
                return;
            }
        }

        // Its turn had come at the same moment.
        Ended(start);
    }

    private void Ended(Start start)
    {
        lock (_lock)
        {
            _running--;
            _runningUnrequested -= start.Unrequested ? 1 : 0;
            BeginNext();
        }
    }

    private sealed class Start(ObjectKey key)
    {
        public ObjectKey Key { get; } = key;

        public bool Unrequested { get; set; }

        public bool Running { get; set; }

        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
