namespace Skerry.Storage.Relay;

/// <summary>What a follower does with a frame.</summary>
public enum FrameVerdict
{
    /// <summary>It follows what is there: store it.</summary>
    Accept,

    /// <summary>All of it is there, or on its way to the disk: do nothing.</summary>
    Duplicate,

    /// <summary>Records between what is there and this frame are missing: the stream has to begin again.</summary>
    Gap,

    /// <summary>The session is sealed: nothing of it is acknowledged any more.</summary>
    Sealed,
}

/// <summary>
/// One session at one of its followers: what it holds, whether it is sealed, which lease it has granted. A pure state
/// machine: no threads, clocks, files or sockets; timestamps come in. Not thread-safe.
/// <list type="number">
/// <item>A frame is accepted only if it follows the last one accepted; records are never replaced.</item>
/// <item>What is acknowledged is durable, and so is everything before it that is not in the bucket.</item>
/// <item>From the moment of a seal, before it is durable, nothing is accepted or acknowledged.</item>
/// <item>A seal is never forgotten, not even with the records: a leader that was frozen may wake up much later.</item>
/// </list>
/// </summary>
public sealed class FollowedLog
{
    private readonly long _lease;
    private ulong _accepted;
    private ulong _durable;
    private ulong _first;
    private long _leaseUntil = long.MinValue;

    /// <summary>Creates the state of a session of which nothing is known.</summary>
    /// <param name="session">Whose log it is.</param>
    /// <param name="leaseTicks">A lease, in the monotonic clock's units.</param>
    public FollowedLog(SessionId session, long leaseTicks)
    {
        Session = session;
        _lease = leaseTicks;
    }

    /// <summary>Whose log it is.</summary>
    public SessionId Session { get; }

    /// <summary>Everything up to here is durable here, or in the bucket: what is acknowledged.</summary>
    public ulong Held => _durable;

    /// <summary>The first record that is here; 0 if none is.</summary>
    public ulong First => _first != 0 && _first <= _durable ? _first : 0;

    /// <summary>The last record that is here; 0 if none is.</summary>
    public ulong Last => First == 0 ? 0 : _durable;

    /// <summary>The highest recovery epoch that has sealed it; null if it is not sealed.</summary>
    public int? SealedBy { get; private set; }

    /// <summary>Records up to this are in the bucket, as far as the leader has told.</summary>
    public ulong UploadedTo { get; private set; }

    /// <summary>A frame that the follower's own log yields after a restart.</summary>
    /// <param name="first">The frame's first record.</param>
    /// <param name="last">The frame's last record.</param>
    /// <param name="startsAnew">The leader had said that everything before it is in the bucket.</param>
    /// <returns>False if the frame does not join up, or was there before: it is not to be kept.</returns>
    public bool Restored(ulong first, ulong last, bool startsAnew)
    {
        // What was dropped because it is in the bucket is not missing: the first frame found begins the log.
        if (last <= _durable || (_first != 0 && first != _durable + 1 && !startsAnew))
        {
            return false;
        }

        if (first != _durable + 1 || _first == 0)
        {
            UploadedTo = Math.Max(UploadedTo, first - 1);
            _first = first;
        }

        _durable = last;
        _accepted = last;
        return true;
    }

    /// <summary>The leader has connected. What is on its way to the disk may still arrive there, but the leader sends it again.</summary>
    /// <param name="uploadedTo">What the leader says is in the bucket; what is here starts after it if it is all older.</param>
    /// <returns>False if the session is sealed.</returns>
    public bool Hello(ulong uploadedTo)
    {
        if (SealedBy is not null)
        {
            return false;
        }

        if (uploadedTo > _durable)
        {
            _durable = uploadedTo;
            _first = 0;
        }

        NotPersisted();
        Uploaded(uploadedTo);
        return true;
    }

    /// <summary>Decides on a frame; if it is accepted, the next one has to follow it.</summary>
    /// <param name="first">The frame's first record.</param>
    /// <param name="last">The frame's last record.</param>
    /// <param name="startsAnew">True if nothing of the session before this frame is here.</param>
    public FrameVerdict Offer(ulong first, ulong last, out bool startsAnew)
    {
        startsAnew = false;
        if (SealedBy is not null)
        {
            return FrameVerdict.Sealed;
        }

        if (last <= _accepted)
        {
            return FrameVerdict.Duplicate;
        }

        if (first != _accepted + 1)
        {
            return FrameVerdict.Gap;
        }

        if (_first == 0)
        {
            startsAnew = true;
            _first = first;
        }

        _accepted = last;
        return FrameVerdict.Accept;
    }

    /// <summary>An accepted frame is on stable storage, and so is every frame that was accepted before it.</summary>
    /// <returns>True if it may be acknowledged, up to <see cref="Held"/>.</returns>
    public bool Persisted(ulong first, ulong last)
    {
        if (last > _durable)
        {
            _first = _first == 0 ? first : _first;
            _durable = last;
            _accepted = Math.Max(_accepted, last);
        }

        return SealedBy is null;
    }

    /// <summary>Accepted frames could not be stored: the leader has to send them again.</summary>
    public void NotPersisted()
    {
        _accepted = _durable;
        if (_first > _durable)
        {
            _first = 0;
        }
    }

    /// <summary>The leader has asked for a lease, and is about to be told that it has it.</summary>
    /// <returns>False if the session is sealed: it gets none.</returns>
    public bool Grant(long now)
    {
        if (SealedBy is not null)
        {
            return false;
        }

        _leaseUntil = Math.Max(_leaseUntil, now + _lease);
        return true;
    }

    /// <summary>The follower has restarted: it does not know which leases it has granted, but none later than its start.</summary>
    public void AssumeLease(long start) => _leaseUntil = Math.Max(_leaseUntil, start + _lease);

    /// <summary>How much of the lease is left, in the clock's units; 0 if none.</summary>
    public long LeaseLeft(long now) => Math.Max(0, _leaseUntil == long.MinValue ? 0 : _leaseUntil - now);

    /// <summary>Somebody takes the session over.</summary>
    /// <returns>True if that has to be made durable; false if it was sealed by the same or a higher epoch before.</returns>
    public bool Seal(int recoveryEpoch)
    {
        if (SealedBy >= recoveryEpoch)
        {
            return false;
        }

        SealedBy = recoveryEpoch;
        return true;
    }

    /// <summary>Records up to <paramref name="upTo"/> are in the bucket: they need not be kept.</summary>
    /// <returns>True if <see cref="First"/> may have moved.</returns>
    public bool Uploaded(ulong upTo)
    {
        if (upTo <= UploadedTo)
        {
            return false;
        }

        UploadedTo = upTo;
        return true;
    }

    /// <summary>
    /// The durable frames before <paramref name="first"/> are dropped; 0 if all are. Those on their way to the disk then
    /// come first.
    /// </summary>
    public void Dropped(ulong first) => _first = first != 0 ? first : _accepted > _durable ? _durable + 1 : 0;

    /// <summary>Everything of the session is in the bucket; the seal stays.</summary>
    public void Forget()
    {
        UploadedTo = Math.Max(UploadedTo, _durable);
        _first = 0;
    }
}
