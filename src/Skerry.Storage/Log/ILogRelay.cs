using Skerry.Storage.Relay;

namespace Skerry.Storage.Log;

/// <summary>
/// Who decides about the records of a log whose copies are elsewhere. Everything but <see cref="Attach"/> is called by the
/// log's writer, on its thread, and must not block: it is what every write waits for.
/// </summary>
internal interface ILogRelay
{
    /// <summary>Before the first record.</summary>
    /// <param name="decisions">Takes decisions, on the writer's thread only.</param>
    /// <param name="nudge">Makes the writer call <see cref="Run"/> at once; for any thread.</param>
    void Attach(ILogLeaderEffects decisions, Action nudge);

    /// <summary>A batch is in the spool. The frame's body is valid only until this returns.</summary>
    void Appended(in Frame frame);

    /// <summary>Decides whatever can be decided now.</summary>
    void Run();
}
