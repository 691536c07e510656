using Skerry.Objects.Fleet;
using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Objects.Activation;

// How objects leave: one by one, because another node wants them; all of them, in good order, when the node stops; all of
// them at once, when it is fenced.
internal sealed partial class ObjectRuntime
{
    // How many leave at a time: each uploads what is not in the bucket yet.
    private const int LeavingTogetherMax = 64;

    private static readonly TimeSpan s_brokenEnds = TimeSpan.FromMilliseconds(300);

    private volatile bool _leaving;
    private volatile DurableObjectException? _fenced;

    /// <summary>False if objects belong elsewhere: this node is stopping, or never has any.</summary>
    public bool TakesObjects => Fleet is null ? !_stopping : !_leaving && Fleet.Options.HostsObjects;

    /// <summary>True once this node gives its objects up.</summary>
    public bool IsLeaving => _leaving || _stopping;

    /// <inheritdoc/>
    public string? Membership => Fleet?.Self.ToParsableString();

    /// <inheritdoc/>
    public async Task ReleaseAsync(ObjectKey key, CancellationToken cancel)
    {
        await Sockets.ReleaseAsync(key).ConfigureAwait(false);
        while (_present.TryGetValue(key, out var active))
        {
            // It has nothing to give away, and its callers wait: it claims the object back when its turn comes.
            if (Starts.IsWaiting(key))
            {
                return;
            }

            await active.CloseAsync(Fleet!.Options.ReleaseGrace, Moving(active)).WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>An object's grain leaves this node.</summary>
    public async Task CloseAsync(ActiveObject active, DeactivationReason reason, CancellationToken cancel)
    {
        if (Fleet is not null)
        {
            await active.CloseAsync(Fleet.Options.ReleaseGrace, Moving(active)).WaitAsync(cancel).ConfigureAwait(false);
            return;
        }

        active.Break(new DurableObjectException("stopping", $"{active.Id} is leaving this node ({reason.Description}).") { Retryable = true });

        // The next one waits for this one to end anyway; and code that never returns must not hold up the silo's end.
        if (!_stopping)
        {
            await active.Stopped.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    private static DurableObjectException Moving(ActiveObject active) =>
        new("moved", $"{active.Id} moves to another node, and this call has not ended in time. It may have run.") { Retryable = true };

    /// <inheritdoc/>
    public void AdoptAlarm(ObjectKey key, long dueMs) => Alarms.Adopt(key, dueMs);

    /// <inheritdoc/>
    public Task DeclareDeadAsync(string membership, CancellationToken cancel) =>
        Fleet is null ? Task.CompletedTask : Fleet.DeclareDeadAsync(membership).WaitAsync(cancel);

    /// <inheritdoc/>
    public void Fenced(string reason)
    {
        var error = new DurableObjectException("fenced", $"This node has lost its session: {reason} Its objects live on elsewhere.") { Retryable = true };
        if (Interlocked.CompareExchange(ref _fenced, error, null) is not null)
        {
            return;
        }

        _leaving = true;
        foreach (var active in _present.Values)
        {
            active.Break(error);
        }

        _ = EndFencedAsync(reason);
    }

    // Callers get their errors first; nothing else may leave any more.
    private async Task EndFencedAsync(string reason)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(200), Time).ConfigureAwait(false);
        ((ProcessEnd?)Services.GetService(typeof(ProcessEnd)))?.End($"This node has lost its session: {reason}");
    }

    private int _stopBegun;

    /// <summary>
    /// Ends all objects, confirmed writes kept; once. With other nodes there, each is served by one of them as soon as it has
    /// left, and this node goes on passing calls on to them; without, new calls are refused from now on.
    /// </summary>
    public async Task StopAsync(CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref _stopBegun, 1) != 0)
        {
            return;
        }

        if (Fleet is null)
        {
            _stopping = true;
        }
        else
        {
            _leaving = true;
            await Fleet.SayLeavingAsync(cancel).ConfigureAwait(false);
        }

        await Alarms.DisposeAsync().ConfigureAwait(false);
        await Sockets.StopAsync().ConfigureAwait(false);
        var grace = Fleet?.Options.ReleaseGrace ?? TimeSpan.FromSeconds(2);
        using var ended = new SemaphoreSlim(Fleet is null ? int.MaxValue : LeavingTogetherMax);
        try
        {
            await Task.WhenAll(_present.Values.Select(async active =>
            {
                await ended.WaitAsync(cancel).ConfigureAwait(false);
                try
                {
                    // Code that never returns does not hold up the stop.
                    await active.CloseAsync(grace, Fleet is null ? Stopping() : Moving(active))
                        .WaitAsync(grace + s_brokenEnds, Time, cancel).ConfigureAwait(false);
                }
                finally
                {
                    ended.Release();
                }
            })).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException)
        {
            foreach (var active in _present.Values)
            {
                active.Break(Stopping());
            }
        }

        _stopping = Fleet is null;
    }

    private static DurableObjectException Stopping() => new("stopping", "This node is stopping.") { Retryable = true };
}
