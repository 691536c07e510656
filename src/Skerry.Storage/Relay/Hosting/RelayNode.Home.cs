using System.Diagnostics.CodeAnalysis;
using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;
using Skerry.Storage.Cache;
using Skerry.Storage.Relay.Ownership;

namespace Skerry.Storage.Relay.Hosting;

// The home of this node's objects.
public sealed partial class RelayNode
{
    // The number of every object's first claim, whoever makes it.
    private const ulong FirstClaim = 1;

    private static readonly TimeSpan LeaseLook = TimeSpan.FromMilliseconds(5);

    /// <summary>True if this session may answer reads now.</summary>
    internal bool HasLease => _replicator.MayRead;

    /// <inheritdoc/>
    public bool TryPrepare(ObjectKey key, [NotNullWhen(true)] out IObjectClaim? claim)
    {
        // Kept first, looked at then: what is current stays so as long as it is kept.
        _storage.Keep(key);
        claim = _storage.FindReady(key) is { } held ? new HeldClaim(this, key, held) : null;
        if (claim is null)
        {
            _storage.KeepNoMore(key);
        }

        return claim is not null;
    }

    /// <inheritdoc/>
    public async ValueTask<IObjectClaim> PrepareAsync(ObjectKey key, CancellationToken cancel)
    {
        await _started.Task.WaitAsync(cancel).ConfigureAwait(false);
        _storage.Keep(key);
        try
        {
            var (claim, held) = await PatientlyAsync(key, limit => _loop.RunAsync(() => ClaimAsync(key, limit)), cancel).ConfigureAwait(false);
            if (claim.IsUnwritten)
            {
                if (!held.IsCurrent)
                {
                    _storage.DropCopy(key, held);
                    held.CurrentUnder = FirstClaim;
                }
            }
            else
            {
                if (!held.IsCurrent)
                {
                    await MakeCurrentAsync(key, held, cancel).ConfigureAwait(false);
                    held.CurrentUnder = claim.ClaimEpoch;
                }

                // Last: what is owned and current may be started without coming here.
                held.Own();
            }

            return new HeldClaim(this, key, held);
        }
        catch (Exception e)
        {
            _storage.KeepNoMore(key);
            if (e is BucketException { Fault: BucketFault.Unavailable or BucketFault.OutcomeUnknown })
            {
                throw new ClaimException($"The bucket cannot be read. {e.Message}", e);
            }

            throw;
        }
    }

    // What is begun here goes on when the caller has given up, and may be waited for again.
    private async Task<T> PatientlyAsync<T>(ObjectKey key, Func<CancellationToken, Task<T>> work, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(_options.Control.ClaimPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            return await work(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            var why = _uploader.Trouble?.Message ?? "The bucket does not answer, or its owner is being taken over.";
            throw new ClaimException($"{key} is waited for since {_options.Control.ClaimPatience.TotalSeconds:0} s. {why}", e);
        }
    }

    // What of it is in bundles may stay there: whoever reads its history here reads those too.
    private Task FlushPatientlyAsync(ObjectKey key, CancellationToken cancel) => PatientlyAsync(
        key,
        async limit =>
        {
            await _uploader.FlushAsync(null, limit).ConfigureAwait(false);
            return true;
        },
        cancel);

    // On the loop to its end: a release that begins after it must find what it has set, and undo it.
    private async Task<(ClaimResult, HeldObject)> ClaimAsync(ObjectKey key, CancellationToken cancel)
    {
        _waiting.Add(key);
        try
        {
            var claim = await _claims.ClaimAsync(key, requested: true, cancel);
            var held = _storage.Hold(key);
            held.Epoch = claim.IsUnwritten ? ObjectEpochs.Of(FirstClaim, 0) : _claims.NextEpoch(key);
            if (!claim.IsUnwritten && held.CurrentUnder != claim.ClaimEpoch)
            {
                // Current once, under an earlier claim or none: others have had the object since.
                held.IsCurrent = false;
            }

            held.IsLeaving = false;
            return (claim, held);
        }
        finally
        {
            _waiting.Remove(key);
        }
    }

    /// <inheritdoc/>
    public Action<long?> BeginWake(ObjectKey key, long dueMs)
    {
        var end = _alarms.BeginWake(key, dueMs);
        return found => _loop.Post(
            _ =>
            {
                // One that was elsewhere and has come here meanwhile is looked after here.
                if (found is not null || !_claims.Holds(key))
                {
                    end(found ?? 0);
                }
            },
            null);
    }

    /// <inheritdoc/>
    public Task KeepAlarmsAsync(CancellationToken cancel) => _loop.RunAsync(() => _alarms.FlushAsync(cancel));

    /// <summary>An activation has ended.</summary>
    internal void Ended(ObjectKey key, HeldObject held)
    {
        _storage.KeepNoMore(key);
        held.IsRecent = true;
        if (!held.IsOwned)
        {
            // Looking at objects that have never written leaves nothing behind.
            _storage.LetGoUnwritten(key, held);
        }
        else if (_storage.HeldCount > Volatile.Read(ref _forgetAt) && Interlocked.Exchange(ref _forgetting, 1) == 0)
        {
            _loop.Post(_ => _ = ForgetUnusedAsync(), null);
        }
    }

    // Objects that were in memory since the last time get a second chance, so a node that uses few of many keeps those.
    private async Task ForgetUnusedAsync()
    {
        var uploaded = _uploader.UploadedSequence;
        var looked = 0;
        foreach (var (key, held) in _storage.AllHeld)
        {
            if (held.IsRecent)
            {
                held.IsRecent = false;
            }
            else if (!_waiting.Contains(key))
            {
                _storage.TryForget(key, held, uploaded, _claims.TryForget);
            }

            if (++looked % ForgetLooksAtOnce == 0)
            {
                // Others on the loop have their turn.
                await Task.Yield();
            }
        }

        Volatile.Write(ref _forgetAt, Math.Max(_options.RememberedObjectsMax, 2 * _storage.HeldCount));
        Volatile.Write(ref _forgetting, 0);
    }

    /// <summary>How many objects each part of the node remembers something of.</summary>
    internal (int Held, int Claims, int Uploader, int Bundles) Remembered =>
        (_storage.HeldCount, _claims.Count, _uploader.Remembered, _bundles.Remembered);

    /// <summary>True if an activation of the object could begin without I/O.</summary>
    internal bool Knows(ObjectKey key) => _storage.FindReady(key) is not null;

    private const int ForgetLooksAtOnce = 4_096;

    private int _forgetAt;
    private int _forgetting;

    private async Task MakeCurrentAsync(ObjectKey key, HeldObject held, CancellationToken cancel)
    {
        if (held.IsOwned)
        {
            // The copy was dropped or spoilt in this session: its newest records may not be in the bucket yet.
            await FlushPatientlyAsync(key, cancel).ConfigureAwait(false);
        }

        var archive = await ObjectArchive.OpenAsync(_bucket, key, _bundles, cancel).ConfigureAwait(false);
        var outcome = await _storage.MakeCurrentAsync(key, held, archive, cancel).ConfigureAwait(false);
        foreach (var damage in archive.Damaged)
        {
            LogDoneWithout(_logger, key, damage);
        }

        _uploader.Adopt(archive);
        // The object is this session's, and not active: its alarm is what the bucket has, whatever was adopted of it.
        var due = archive.Newest.AlarmMs;
        _loop.Post(_ => _alarms.Set(key, due), null);

        switch (outcome)
        {
            case LocalCopyOutcome.CaughtUp:
                Interlocked.Increment(ref _caughtUp);
                break;
            case LocalCopyOutcome.Rebuilt:
                Interlocked.Increment(ref _rebuilt);
                break;
        }
    }

    // On the loop only: activations that have no claim yet.
    private readonly HashSet<ObjectKey> _waiting = [];
    private long _caughtUp;
    private long _rebuilt;

    // On the object's own thread: only begins.
    private void ClaimForFirstWrite(ObjectKey key, HeldObject held) => _ = _loop.RunAsync(async () =>
    {
        try
        {
            if (await PatientlyAsync(key, limit => _claims.FirstWriteAsync(key, limit), _stopping.Token) != FirstClaim)
            {
                throw new ClaimException($"{key} has been another node's meanwhile.");
            }

            held.Claimed(_replicator.Log);
        }
        catch (StorageException e)
        {
            held.Refused(e);
        }
        catch (OperationCanceledException)
        {
            held.Refused(new ClaimException($"{key} could not be claimed before the node stopped."));
        }
    });

    /// <summary>
    /// Completes when the lease holds at some time after the call: then what was found before it was still true.
    /// </summary>
    internal async ValueTask WhenMayAnswerAsync(ObjectKey key, HeldObject held, CancellationToken cancel)
    {
        if (!held.IsOwned)
        {
            await PatientlyAsync(
                key,
                limit => _loop.RunAsync(async () =>
                {
                    await _claims.ProveUnwrittenAsync(key, limit);
                    return true;
                }),
                cancel).ConfigureAwait(false);
            return;
        }

        while (!HasLease)
        {
            if (Volatile.Read(ref _fenced) != 0)
            {
                throw new ClaimException($"{key} is being taken over by another node.");
            }

            await Task.Delay(LeaseLook, _time, cancel).ConfigureAwait(false);
        }
    }

    private sealed class ReleaseSteps(RelayNode node) : IReleaseSteps
    {
        // Marked first: an activation that does not see the mark is already there to be ended.
        public Task EndActivationAsync(ObjectKey key, CancellationToken cancel)
        {
            node._storage.Hold(key).IsLeaving = true;

            // An activation without a claim waits for the end of this release, and has nothing to end.
            return node._waiting.Contains(key) ? Task.CompletedTask : node._host.ReleaseAsync(key, cancel);
        }

        public async Task UploadAsync(ObjectKey key, CancellationToken cancel)
        {
            await node._uploader.FlushAsync(key, cancel);
            node._uploader.Forget(key);
            node._storage.LetGo(key);
        }
    }
}
