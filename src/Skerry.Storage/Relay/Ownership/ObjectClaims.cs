using Skerry.Storage.Relay.Sessions;
using Skerry.Storage.Relay.Takeover;

namespace Skerry.Storage.Relay.Ownership;

/// <summary>
/// Which objects this session may run. Everything here is decided by the ownership records in the bucket; memory only saves
/// reading them again, which is safe because nobody but this session gives its objects away while it is open.
/// On the loop only. Of one object one thing goes on at a time: a claim, a first write or a release.
/// </summary>
public sealed class ObjectClaims
{
    private const int SessionsKnownMax = 1024;

    private readonly ControlPlane _plane;
    private readonly SessionRecords _sessions;
    private readonly OwnerRecords _owners;
    private readonly SessionTakeover _takeover;
    private readonly ISessionArchive _archive;
    private readonly IReleaseSteps _release;
    private readonly ClaimSlots _slots;
    private readonly Dictionary<ObjectKey, Claim> _claims = [];
    private readonly Dictionary<ObjectKey, Task> _busy = [];

    // A session that is over stays so. After a node has died thousands of objects are claimed that were its session's.
    private readonly HashSet<SessionId> _over = [];

    /// <summary>Creates the claims of a session that has none.</summary>
    public ObjectClaims(
        ControlPlane plane, SessionRecords sessions, OwnerRecords owners, SessionTakeover takeover, ISessionArchive archive, IReleaseSteps release)
    {
        ArgumentNullException.ThrowIfNull(plane);
        (_plane, _sessions, _owners, _takeover, _archive, _release) = (plane, sessions, owners, takeover, archive, release);
        _slots = new ClaimSlots(plane.Options.ClaimsMax);
    }

    /// <summary>How many objects are this session's, as far as it remembers.</summary>
    public int Count => _claims.Count;

    /// <summary>True if the object is this session's, and is not being given away.</summary>
    public bool Holds(ObjectKey key) => _claims.TryGetValue(key, out var claim) && !claim.IsLeaving;

    /// <summary>
    /// Gets an object for this session:
    /// <list type="number">
    /// <item>Read the ownership record. If there is none, the object has never written: it is nobody's until its first write.</item>
    /// <item>This session's: done, if it was given to it just now. Else the session has had it and forgotten that, with the number of its activations: it is claimed anew, with the next claim epoch.</item>
    /// <item>Another session's that is open: ask its node to release the object. If it does not answer, or is being taken over, see that session sealed.</item>
    /// <item>Another session's that is sealed, or gone: promote what its bundles have of the object, and swap the ownership record to this session with the next claim epoch.</item>
    /// <item>Whenever something was not as expected, begin again.</item>
    /// </list>
    /// Callers at the same time share one claim, which goes on without them.
    /// </summary>
    /// <param name="key">The object.</param>
    /// <param name="requested">True if somebody waits for the object; false if it is claimed in advance.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="ClaimException">The object cannot be had now.</exception>
    /// <exception cref="StorageException">The session that owned it cannot be recovered.</exception>
    public async Task<ClaimResult> ClaimAsync(ObjectKey key, bool requested, CancellationToken cancel)
    {
        while (true)
        {
            if (_busy.TryGetValue(key, out var other))
            {
                if (other is Task<ClaimResult> claim)
                {
                    return await claim.WaitAsync(cancel);
                }

                await WaitOutAsync(other, cancel);
            }
            else if (_claims.TryGetValue(key, out var known) && known.Activations >= ObjectEpochs.ActivationsMax)
            {
                // Its numbers are used up: it is claimed anew, as one that was forgotten.
                _claims.Remove(key);
            }
            else if (_claims.TryGetValue(key, out known))
            {
                return new ClaimResult(known.Epoch, Moved: false);
            }
            else
            {
                return await Start(key, ClaimAsync(key, requested)).WaitAsync(cancel);
            }
        }
    }

    /// <summary>
    /// Makes an object that nobody owns this session's, before the record of its first write may enter the log. So a log
    /// holds only records of claims that its session has had, and no two sessions ever use one epoch of an object.
    /// </summary>
    /// <returns>The claim epoch.</returns>
    /// <exception cref="ClaimException">It is somebody else's by now: nothing that was read of it may leave, and the write has failed.</exception>
    public async Task<ulong> FirstWriteAsync(ObjectKey key, CancellationToken cancel)
    {
        while (_busy.TryGetValue(key, out var other))
        {
            await WaitOutAsync(other, cancel);
        }

        return _claims.TryGetValue(key, out var known) ? known.Epoch : await Start(key, CreateAsync(key)).WaitAsync(cancel);
    }

    /// <summary>Finds out whether an object still has never written. Before that, no answer of an unwritten object may leave.</summary>
    /// <exception cref="ClaimException">Somebody owns it.</exception>
    public async Task ProveUnwrittenAsync(ObjectKey key, CancellationToken cancel)
    {
        if (await _owners.ReadAsync(key, cancel) is { } owned && owned.Value.Session != _plane.Self.Session)
        {
            throw new ClaimException($"{key} has been written by session {owned.Value.Session} meanwhile.");
        }
    }

    /// <summary>
    /// Drops from memory that an object is this session's, which it stays. False if something goes on with it. Its next claim
    /// costs a look at the ownership record, and a swap.
    /// </summary>
    public bool TryForget(ObjectKey key)
    {
        if (_busy.ContainsKey(key))
        {
            return false;
        }

        _claims.Remove(key);
        return true;
    }

    /// <summary>The epoch for the records of a new activation of an object that is this session's.</summary>
    /// <exception cref="ClaimException">It is not, or it is leaving, or has been activated too often within its claim.</exception>
    public ulong NextEpoch(ObjectKey key) =>
        _claims.TryGetValue(key, out var claim) && !claim.IsLeaving && claim.Activations < ObjectEpochs.ActivationsMax
            ? ObjectEpochs.Of(claim.Epoch, claim.Activations++)
            : throw new ClaimException($"{key} cannot be activated in session {_plane.Self.Session} now.");

    /// <summary>
    /// Gives an object to another session:
    /// <list type="number">
    /// <item>Read the ownership record: only what is this session's can be given away.</item>
    /// <item>End the object's activation here. New claims wait.</item>
    /// <item>Upload its records, and promote what this session's bundles have of it.</item>
    /// <item>Swap the ownership record to the asking session, with the next claim epoch.</item>
    /// </list>
    /// If it takes long the answer is <see cref="ReleaseReply.Busy"/>, and the release goes on.
    /// </summary>
    public async Task<ReleaseReply> ReleaseAsync(ObjectKey key, SessionId to, CancellationToken cancel)
    {
        if (to == _plane.Self.Session)
        {
            return ReleaseReply.NotOwner;
        }

        if (!_busy.TryGetValue(key, out var other))
        {
            other = Start(key, ReleaseAsync(key, to));
        }

        if (other is not Task<ReleaseReply> release)
        {
            return ReleaseReply.Busy;
        }

        try
        {
            return await release.WaitAsync(_plane.Options.ReleaseAnswer, _plane.Time, cancel);
        }
        catch (TimeoutException)
        {
            return ReleaseReply.Busy;
        }
        catch (StorageException error)
        {
            OwnershipMessages.NotReleased(_plane.Logger, key, to, error);
            return ReleaseReply.Busy;
        }
    }

    private async Task<ClaimResult> ClaimAsync(ObjectKey key, bool requested)
    {
        var cancel = _plane.Stopping;
        await _slots.EnterAsync(requested, cancel);
        try
        {
            var backoff = _plane.NewBackoff();
            var unreachable = new Unreachable(_plane);
            string? denied = null;
            var granted = false;
            while (true)
            {
                // 1.
                if (await _owners.ReadAsync(key, cancel) is not { } owned)
                {
                    return default;
                }

                // 2.
                if (owned.Value.Session == _plane.Self.Session)
                {
                    if ((granted ? owned.Value.ClaimEpoch : await SwapAsync(key, owned, cancel)) is { } own)
                    {
                        _claims[key] = new Claim(own);
                        return new ClaimResult(own, Moved: true);
                    }

                    continue;
                }

                // 3.
                var session = _over.Contains(owned.Value.Session) ? null : await _sessions.ReadAsync(owned.Value.Session, cancel);
                if (session?.Value is { State: SessionState.Open } open)
                {
                    var reply = await AskAsync(open.Node, key, unreachable, denied == owned.ETag, cancel);
                    denied = reply == ReleaseReply.NotOwner ? owned.ETag : null;
                    granted = reply == ReleaseReply.Released;
                    if (reply == ReleaseReply.Busy)
                    {
                        await backoff.PauseAsync(cancel);
                    }
                }
                else if (session?.Value is { State: SessionState.Recovering })
                {
                    await _takeover.RunAsync(owned.Value.Session, cancel);
                }

                // 4.
                else
                {
                    KnowOver(owned.Value.Session);
                    if (await TakeAsync(key, owned, cancel) is { } taken)
                    {
                        _claims[key] = new Claim(taken);
                        return new ClaimResult(taken, Moved: true);
                    }
                }
            }
        }
        finally
        {
            _slots.Leave();
        }
    }

    private void KnowOver(SessionId session)
    {
        if (_over.Count >= SessionsKnownMax)
        {
            _over.Clear();
        }

        _over.Add(session);
    }

    /// <summary>Step 3, for an open session; "busy" if it has to be asked again after a while.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="key">The object.</param>
    /// <param name="unreachable">How long it has not answered.</param>
    /// <param name="denied">True if it said that it does not own the object, although the ownership record still says so: the node may run another session by now.</param>
    /// <param name="cancel">Gives up.</param>
    private async Task<ReleaseReply> AskAsync(NodeInfo owner, ObjectKey key, Unreachable unreachable, bool denied, CancellationToken cancel)
    {
        try
        {
            if (denied && (await PeerCall.GreetAsync(_plane, owner, cancel)).IsGone)
            {
                return await TakeOverAsync(owner.Session, cancel);
            }

            var reply = await unreachable.CallAsync(limit => _plane.Transport.ReleaseAsync(owner, owner.Session, key, _plane.Self.Session, limit), cancel);
            return denied && reply == ReleaseReply.NotOwner ? ReleaseReply.Busy : reply;
        }
        catch (PeerUnreachableException error)
        {
            if (!unreachable.IsLongEnough(error))
            {
                return ReleaseReply.Busy;
            }

            return await TakeOverAsync(owner.Session, cancel);
        }
    }

    private async Task<ReleaseReply> TakeOverAsync(SessionId session, CancellationToken cancel) =>
        await _takeover.RunAsync(session, cancel) == TakeoverOutcome.StillOpen ? ReleaseReply.Busy : ReleaseReply.NotOwner;

    /// <summary>Step 4; null if somebody was faster.</summary>
    private async Task<ulong?> TakeAsync(ObjectKey key, Versioned<OwnerRecord> owned, CancellationToken cancel)
    {
        await _archive.PromoteAsync(owned.Value.Session, key, cancel);
        return await SwapAsync(key, owned, cancel);
    }

    /// <summary>Swaps the ownership record to this session with the next claim epoch; null if somebody was faster.</summary>
    private async Task<ulong?> SwapAsync(ObjectKey key, Versioned<OwnerRecord> owned, CancellationToken cancel)
    {
        var next = new OwnerRecord(_plane.Self.Session, owned.Value.ClaimEpoch + 1);
        var outcome = await _owners.SwapAsync(key, next, owned.ETag, cancel);
        return outcome.Swapped ? next.ClaimEpoch : null;
    }

    private async Task<ulong> CreateAsync(ObjectKey key)
    {
        var outcome = await _owners.CreateAsync(key, new OwnerRecord(_plane.Self.Session, 1), _plane.Stopping);
        if (outcome.Current is not { } current || current.Value.Session != _plane.Self.Session)
        {
            throw new ClaimException($"{key} has been written by another session meanwhile.");
        }

        // The activation that writes first may have numbered its records before the claim was made.
        _claims[key] = new Claim(current.Value.ClaimEpoch) { Activations = 1 };
        return current.Value.ClaimEpoch;
    }

    private async Task<ReleaseReply> ReleaseAsync(ObjectKey key, SessionId to)
    {
        var cancel = _plane.Stopping;
        if (_claims.TryGetValue(key, out var claim))
        {
            claim.IsLeaving = true;
        }

        try
        {
            // 1.
            if (await _owners.ReadAsync(key, cancel) is not { } owned || owned.Value.Session != _plane.Self.Session)
            {
                _claims.Remove(key);
                return ReleaseReply.NotOwner;
            }

            // 2.
            await _release.EndActivationAsync(key, cancel);

            // 3.
            await _release.UploadAsync(key, cancel);
            await _archive.PromoteAsync(_plane.Self.Session, key, cancel);

            // 4.
            var outcome = await _owners.SwapAsync(key, new OwnerRecord(to, owned.Value.ClaimEpoch + 1), owned.ETag, cancel);
            _claims.Remove(key);
            return outcome.Swapped ? ReleaseReply.Released : ReleaseReply.NotOwner;
        }
        finally
        {
            if (claim is not null)
            {
                claim.IsLeaving = false;
            }
        }
    }

    private Task<T> Start<T>(ObjectKey key, Task<T> work)
    {
        if (!work.IsCompleted)
        {
            _busy.Add(key, work);
            _ = EndAsync(key, work);
        }

        return work;
    }

    private async Task EndAsync(ObjectKey key, Task work)
    {
        try
        {
            await work;
        }
        catch (Exception error) when (error is StorageException or OperationCanceledException)
        {
            // Whoever waits for it is told.
        }
        finally
        {
            _busy.Remove(key);
        }
    }

    private static async Task WaitOutAsync(Task other, CancellationToken cancel)
    {
        try
        {
            await other.WaitAsync(cancel);
        }
        catch (StorageException)
        {
        }

        // What ended it removes it from the busy ones in a continuation of its own.
        await Task.Yield();
    }

    private sealed class Claim(ulong epoch)
    {
        public ulong Epoch { get; } = epoch;

        public uint Activations { get; set; }

        public bool IsLeaving { get; set; }
    }
}
