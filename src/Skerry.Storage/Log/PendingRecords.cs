namespace Skerry.Storage.Log;

/// <summary>A request that the log has taken, and that is not decided.</summary>
/// <param name="Request">The request.</param>
/// <param name="Sequence">Its number; 0 if it got none.</param>
/// <param name="Position">Where it is.</param>
/// <param name="Error">Why it has failed, if it only waits for those before it to be decided.</param>
internal readonly record struct PendingRecord(AppendRequest Request, ulong Sequence, LogPosition Position, StorageException? Error);

/// <summary>
/// Requests in the order in which they are to be answered: a ring that grows with what waits, and gives its memory back
/// when nothing does. Not thread-safe.
/// </summary>
internal sealed class PendingRecords
{
    private const int SizeMin = 256;
    private const int SizeKept = 4096;

    private PendingRecord[] _ring = new PendingRecord[SizeMin];
    private int _head;

    public int Count { get; private set; }

    /// <summary>The oldest is 0.</summary>
    public ref PendingRecord this[int index] => ref _ring[(_head + index) & (_ring.Length - 1)];

    public void Add(in PendingRecord record)
    {
        if (Count == _ring.Length)
        {
            var larger = new PendingRecord[_ring.Length * 2];
            for (var i = 0; i < Count; i++)
            {
                larger[i] = this[i];
            }

            (_ring, _head) = (larger, 0);
        }

        Count++;
        this[Count - 1] = record;
    }

    public PendingRecord Take()
    {
        ref var slot = ref this[0];
        var record = slot;
        slot = default;
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
        if (Count == 0 && _ring.Length > SizeKept)
        {
            (_ring, _head) = (new PendingRecord[SizeMin], 0);
        }

        return record;
    }
}
