using System.Diagnostics.CodeAnalysis;
using Skerry.Storage.Archive;
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
        claim = _storage.FindReady(key) is { } held ? new HeldClaim(this, key, held) : null;
        return claim is not null;
    }

    /// <inheritdoc/>
    public async ValueTask<IObjectClaim> PrepareAsync(ObjectKey key, CancellationToken cancel)
    {
        await _started.Task.WaitAsync(cancel).ConfigureAwait(false);
        var (claim, epoch) = await _loop.RunAsync(async () =>
        {
            _waiting.Add(key);
            try
            {
                var result = await _claims.ClaimAsync(key, requested: true, cancel);
                return (result, result.IsUnwritten ? ObjectEpochs.Of(FirstClaim, 0) : _claims.NextEpoch(key));
            }
            finally
            {
                _waiting.Remove(key);
            }
        }).ConfigureAwait(false);

        var held = _storage.Hold(key);
        held.Epoch = epoch;
        held.IsLeaving = false;
        if (claim.IsUnwritten)
        {
            if (!held.IsCurrent)
            {
                _storage.DropCopy(key, held);
            }
        }
        else
        {
            held.Own();
            if (claim.Moved || !held.IsCurrent)
            {
                await MakeCurrentAsync(key, held, claim, cancel).ConfigureAwait(false);
            }
        }

        return new HeldClaim(this, key, held);
    }

    private async Task MakeCurrentAsync(ObjectKey key, HeldObject held, ClaimResult claim, CancellationToken cancel)
    {
        if (!claim.Moved)
        {
            // The copy was dropped or spoilt in this session: its newest records may not be in the bucket yet.
            await _uploader.FlushAsync(key, cancel).ConfigureAwait(false);
        }

        var archive = await ObjectArchive.OpenAsync(_bucket, key, _bundles, cancel).ConfigureAwait(false);
        var outcome = await _storage.MakeCurrentAsync(key, held, archive, cancel).ConfigureAwait(false);
        _uploader.Adopt(archive);
        if (archive.Newest.AlarmMs is not 0 and var due)
        {
            _loop.Post(_ => _alarms.Set(key, due), null);
        }

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
            if (await _claims.FirstWriteAsync(key, _stopping.Token) != FirstClaim)
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
            await _loop.RunAsync(() => _claims.ProveUnwrittenAsync(key, cancel)).ConfigureAwait(false);
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
