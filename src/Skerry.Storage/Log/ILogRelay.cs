using Skerry.Storage.Relay;

namespace Skerry.Storage.Log;

/// <summary>
/// Who decides about the records of a log whose copies are elsewhere. Everything but <see cref="Attach"/> is called by the
/// log's writer, by one thread at a time, and must not block: it is what every write waits for.
/// </summary>
internal interface ILogRelay
{
    /// <summary>Before the first record.</summary>
    /// <param name="decisions">Takes decisions, from within <see cref="Appended"/> and <see cref="Run"/> only.</param>
    /// <param name="nudge">Has <see cref="Run"/> called at once; for any thread. With true, on the calling thread if the writer sleeps.</param>
    void Attach(ILogLeaderEffects decisions, Action<bool> nudge);

    /// <summary>A batch is in the spool. The frame's body is valid only until this returns.</summary>
    void Appended(in Frame frame);

    /// <summary>Decides whatever can be decided now.</summary>
    void Run();
}
