namespace Skerry.Storage.Log;

/// <summary>
/// The objects of which a record failed. A later record of the same activation was made on top of the failed one, so
/// it must fail too; the next activation has a higher epoch and starts from what is confirmed. Not thread-safe.
/// </summary>
internal sealed class FailedStreams
{
    private readonly Dictionary<ObjectKey, ulong> _epochs = [];

    /// <summary>No record of this epoch, or a lower one, may follow.</summary>
    public void Add(ObjectKey key, ulong epoch) =>
        _epochs[key] = _epochs.TryGetValue(key, out var known) ? Math.Max(known, epoch) : epoch;

    /// <summary>True if the record must fail; a record of a higher epoch lifts the ban.</summary>
    public bool Blocks(AppendRequest request)
    {
        if (_epochs.Count == 0 || !_epochs.TryGetValue(request.Stream.Key, out var failed))
        {
            return false;
        }

        if (request.Epoch <= failed)
        {
            return true;
        }

        _epochs.Remove(request.Stream.Key);
        return false;
    }

    /// <summary>The error of a record that follows a failed one.</summary>
    public static StorageException ErrorOf(AppendRequest request) =>
        new($"Transaction {request.Txid} of {request.Stream.Key} follows one that failed in epoch {request.Epoch}; restart the object.");
}
