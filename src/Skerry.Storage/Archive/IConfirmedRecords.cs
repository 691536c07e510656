namespace Skerry.Storage.Archive;

/// <summary>
/// The confirmed records of a session's log, from which batches are made; a seam: the node's spool, or a simulated one.
/// Thread-safe.
/// </summary>
public interface IConfirmedRecords
{
    /// <summary>Every record up to this is decided, and those among them that were confirmed can be read; 0 before the first.</summary>
    ulong ConfirmedSequence { get; }

    /// <summary>
    /// The confirmed records from a sequence on, ascending, up to <see cref="ConfirmedSequence"/> at the end of reading.
    /// Sequences of records that failed are left out. A record's memory belongs to the caller and does not change.
    /// </summary>
    /// <exception cref="StorageException">The spool cannot be read.</exception>
    IAsyncEnumerable<ArchivedRecord> ReadAsync(ulong fromSequence, CancellationToken cancel);

    /// <summary>Completes when <see cref="ConfirmedSequence"/> is greater than <paramref name="sequence"/>.</summary>
    Task WaitBeyondAsync(ulong sequence, CancellationToken cancel);
}
