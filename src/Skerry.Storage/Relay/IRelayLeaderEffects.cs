using Skerry.Storage.Log;

namespace Skerry.Storage.Relay;

/// <summary>
/// What <see cref="RelayLeader"/> wants done. Calls come from within the leader's inputs and must not call back into it;
/// answers are inputs of their own, later.
/// </summary>
public interface IRelayLeaderEffects : ILogLeaderEffects
{
    /// <summary>A stream to this node is to be opened, and opened again whenever it ends. A repeated call has a new address.</summary>
    void Connect(NodeInfo node);

    /// <summary>The node is not needed any more; nothing of it is to be told afterwards.</summary>
    void Disconnect(NodeId node);

    /// <summary>
    /// The session record is to be compare-and-swapped to this. The answer is one of
    /// <see cref="RelayLeader.RecordWritten"/>, <see cref="RelayLeader.RecordConflict"/>,
    /// <see cref="RelayLeader.RecordUnknown"/> and <see cref="RelayLeader.RecordNotWritten"/>.
    /// </summary>
    void WriteRecord(SessionRecord desired);

    /// <summary>The session record is to be read. The answer is <see cref="RelayLeader.RecordConflict"/>, or <see cref="RelayLeader.RecordUnknown"/> if it cannot be read.</summary>
    void ReadRecord();

    /// <summary>The session has lost its right to confirm: everything undecided has failed, and the process has to end.</summary>
    void Fenced(StorageException reason);
}
