using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.Checks;

/// <summary>A record that some leader has appended.</summary>
internal sealed record LedgerRecord(SessionId Session, ObjectKey Key, ulong Epoch, ulong Txid, ulong Sequence, long Value, ulong Checksum, ReadOnlyMemory<byte> Ltx)
{
    /// <summary>Where it stands among the object's confirmed writes, from 1; 0 while it is not one of them.</summary>
    public int Order { get; set; }

    /// <summary>True once it is in the bucket: even if it was never confirmed, a takeover has found it, and it may have happened.</summary>
    public bool IsUploaded { get; set; }
}

/// <summary>Every record of a run, and in which order each object's were confirmed.</summary>
internal sealed class Ledger
{
    private readonly Dictionary<(ObjectKey, ulong Epoch, ulong Txid), LedgerRecord> _records = [];
    private readonly Dictionary<long, LedgerRecord> _byValue = [];
    private readonly Dictionary<ObjectKey, LedgerRecord> _newest = [];
    private readonly Dictionary<ObjectKey, int> _seen = [];

    /// <summary>Notes a record; false if there is another one of the same object, epoch and transaction.</summary>
    public bool Add(LedgerRecord record)
    {
        _byValue.Add(record.Value, record);
        return _records.TryAdd((record.Key, record.Epoch, record.Txid), record);
    }

    public LedgerRecord? Find(ObjectKey key, ulong epoch, ulong txid) => _records.GetValueOrDefault((key, epoch, txid));

    public LedgerRecord? Find(long value) => _byValue.GetValueOrDefault(value);

    /// <summary>The object's newest confirmed record.</summary>
    public LedgerRecord? Newest(ObjectKey key) => _newest.GetValueOrDefault(key);

    public void Confirm(LedgerRecord record)
    {
        if (record.Order == 0)
        {
            record.Order = (_newest.GetValueOrDefault(record.Key)?.Order ?? 0) + 1;
            _newest[record.Key] = record;
        }
    }

    /// <summary>The newest write of an object that somebody outside has seen, or been told of.</summary>
    public int SeenOf(ObjectKey key) => _seen.GetValueOrDefault(key);

    /// <summary>Somebody outside has seen a write.</summary>
    public void See(ObjectKey key, int order) => _seen[key] = Math.Max(SeenOf(key), order);
}
