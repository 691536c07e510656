using System.Diagnostics.CodeAnalysis;

namespace Skerry.Storage.Relay;

/// <summary>
/// What says whether an object may live on this node. A node that is alone has none: its data folder's lock is its claim
/// to every object. Thread-safe.
/// </summary>
public interface IObjectHome
{
    /// <summary>Hands over whom to call back. Called once, before anything else.</summary>
    void Attach(IObjectHost host);

    /// <summary>
    /// As <see cref="PrepareAsync"/>, if that takes no I/O: the object is this session's, and its local copy is current.
    /// False if it takes any. Starts of objects that need none do not queue behind those that do.
    /// </summary>
    bool TryPrepare(ObjectKey key, [NotNullWhen(true)] out IObjectClaim? claim);

    /// <summary>
    /// Claims an object for this node's session and makes its local copy current. Called at the start of each
    /// activation, before storage is asked anything of the object. At most one claim of an object is held at a time; the
    /// next is asked for only after the one before it was disposed of.
    /// </summary>
    /// <exception cref="ClaimException">The object cannot be had now; its callers are told that they may try again.</exception>
    /// <exception cref="StorageException">Its state cannot be had at all, as when it is damaged.</exception>
    ValueTask<IObjectClaim> PrepareAsync(ObjectKey key, CancellationToken cancel);

    /// <summary>
    /// An alarm that this node looks after is due, and its object is about to be woken. The result is to be called if the
    /// handler did not run: with the alarm that the object has, 0 for none, if it is active here; with null if it is on
    /// another node, and that has said that it looks after whatever alarm the object has. Then this node does not any more.
    /// </summary>
    Action<long?> BeginWake(ObjectKey key, long dueMs);

    /// <summary>
    /// Completes when the alarms of the objects that are active here survive this node: only then may another node be
    /// told that this one looks after them.
    /// </summary>
    Task KeepAlarmsAsync(CancellationToken cancel);
}

/// <summary>
/// What an activation holds while its object is in memory: the right to answer. Disposed of after the object's database
/// has been closed. Thread-safe.
/// </summary>
public interface IObjectClaim : IDisposable
{
    /// <summary>
    /// True if an answer that waits for no write may leave now: the read lease holds, and the object is this session's.
    /// Asked after the object's code ran and before its answer leaves, on the hot path: a few nanoseconds.
    /// </summary>
    /// <remarks>
    /// An object that has never written is nobody's. Its lease never holds, and <see cref="WhenMayAnswerAsync"/> finds
    /// out whether it still has no owner: else another node could have written it by now.
    /// </remarks>
    bool MayAnswer { get; }

    /// <summary>Completes when an answer that was found before this call may leave.</summary>
    /// <exception cref="ClaimException">It never may: the object or the whole session is somebody else's now.</exception>
    ValueTask WhenMayAnswerAsync(CancellationToken cancel);
}

/// <summary>What the runtime of a node's objects does for its home. Thread-safe.</summary>
public interface IObjectHost
{
    /// <summary>How this node is called in the membership; goes into <see cref="SessionRecord.Membership"/>. Known before the node joins.</summary>
    string? Membership { get; }

    /// <summary>
    /// Another session wants an object: takes no more calls for it, lets those under way end for a few seconds, breaks
    /// it if they do not, and closes its database. Completes at once if it is not here. The next call for it that
    /// reaches this node asks for a new claim.
    /// </summary>
    Task ReleaseAsync(ObjectKey key, CancellationToken cancel);

    /// <summary>Looks after an alarm of a session that was taken over. One that is set already and due earlier stays.</summary>
    void AdoptAlarm(ObjectKey key, long dueMs);

    /// <summary>A session was sealed: its node, by its <see cref="Membership"/>, is dead to the cluster from now on.</summary>
    Task DeclareDeadAsync(string membership, CancellationToken cancel);

    /// <summary>This session is fenced: fails everything under way and ends the process with code 75.</summary>
    void Fenced(string reason);
}

/// <summary>An object cannot be claimed, or a claim cannot be held: the same call may succeed later, or elsewhere.</summary>
public sealed class ClaimException(string message, Exception? cause = null) : StorageException(message, cause);
