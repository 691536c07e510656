using Skerry.Storage.Log;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>
/// An object that this session may run. One that has never written is nobody's: its first write claims it, and records
/// wait here until that is done. Thread-safe.
/// </summary>
internal sealed class HeldObject
{
    private readonly Lock _lock = new();
    private List<AppendRequest>? _waiting;
    private volatile bool _isOwned;
    private volatile bool _isCurrent;
    private int _isLeaving;

    /// <summary>True if the ownership record names this session.</summary>
    public bool IsOwned => _isOwned;

    /// <summary>The lowest epoch that records may have: that of the claim.</summary>
    public ulong Epoch { get; set; }

    /// <summary>True while the object is being given to another session: no activation may begin without a new claim.</summary>
    public bool IsLeaving
    {
        get => Volatile.Read(ref _isLeaving) != 0;
        set => Interlocked.Exchange(ref _isLeaving, value ? 1 : 0);
    }

    /// <summary>True if the local files hold everything that is confirmed, but for what is in memory.</summary>
    public bool IsCurrent
    {
        get => _isCurrent;
        set => _isCurrent = value;
    }

    /// <summary>The claim under which the local files were made current; 0 for none.</summary>
    public ulong CurrentUnder { get; set; }

    /// <summary>The newest transaction that the bucket had when the files were made current: less in a file is no state of it.</summary>
    public ulong ProvenTransaction { get; set; }

    /// <summary>True if records wait for the object's first claim.</summary>
    public bool HasWaiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting is not null;
            }
        }
    }

    /// <summary>True if it has been in memory since somebody last looked for objects to forget.</summary>
    public bool IsRecent { get; set; }

    /// <summary>No record of the object in this session has a higher sequence; known while it is not open.</summary>
    public ulong LastSequence { get; set; }

    /// <summary>True if contents of the local files have turned out not to match their checksums.</summary>
    public bool IsDistrusted { get; set; }

    /// <summary>The object is this session's.</summary>
    public void Own() => _isOwned = true;

    /// <summary>The object is another session's.</summary>
    public void Disown() => _isOwned = false;

    /// <summary>
    /// Sends a record to the log, or keeps it until the object is claimed.
    /// </summary>
    /// <returns>True if the caller has to claim the object, and to call <see cref="Claimed"/> or <see cref="Refused"/> then.</returns>
    public bool Append(AppendRequest request, NodeLog log)
    {
        if (!_isOwned)
        {
            lock (_lock)
            {
                if (!_isOwned)
                {
                    var first = _waiting is null;
                    (_waiting ??= []).Add(request);
                    return first;
                }
            }
        }

        log.Append(request);
        return false;
    }

    /// <summary>The object is this session's now: what waited goes to the log, in order.</summary>
    public void Claimed(NodeLog log)
    {
        lock (_lock)
        {
            foreach (var request in _waiting ?? [])
            {
                log.Append(request);
            }

            _waiting = null;
            _isOwned = true;
        }
    }

    /// <summary>The object could not be claimed: what waited fails.</summary>
    public void Refused(StorageException error)
    {
        List<AppendRequest> failed;
        lock (_lock)
        {
            failed = _waiting ?? [];
            _waiting = null;
        }

        foreach (var request in failed)
        {
            request.OnFailed(error);
        }
    }
}
