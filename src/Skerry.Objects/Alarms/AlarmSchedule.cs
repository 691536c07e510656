using System.Runtime.CompilerServices;
using Skerry.Storage;

namespace Skerry.Objects.Alarms;

/// <summary>
/// The pending alarms of a node, at most one an object, ordered by when they are due. Every operation takes
/// O(log n) at most; an alarm takes 60 to 100 bytes. Alarms due at the same time come in no particular order. Not
/// thread-safe.
/// </summary>
/// <remarks>
/// Alarms live in slots. A hash table of chains through the slots finds an alarm's slot by key, a 4-ary heap of
/// (due, slot) finds the earliest, and each slot knows its place in the heap. Slots are in chunks, so that a million
/// alarms are never copied and never held twice. The heap and the table grow by doubling and are given back when
/// the schedule is dropped only.
/// </remarks>
internal sealed class AlarmSchedule
{
    private const int ChunkBits = 12;
    private const int ChunkSize = 1 << ChunkBits;
    private const int Children = 4;
    private const int None = -1;

    private readonly List<Slot[]> _chunks = [];
    private int[] _buckets = NewBuckets(16);
    private long[] _heapDues = new long[16];
    private int[] _heapSlots = new int[16];
    private int _slotsUsed;
    private int _freeSlot = None;

    /// <summary>Pending alarms.</summary>
    public int Count { get; private set; }

    /// <summary>Sets an object's alarm, in place of the one it may have.</summary>
    /// <param name="key">The object.</param>
    /// <param name="dueMs">When it is due, Unix milliseconds; any number.</param>
    public void Set(ObjectKey key, long dueMs)
    {
        ref var bucket = ref Bucket(key);
        var found = Find(bucket, key);
        if (found != None)
        {
            Move(SlotAt(found).HeapIndex, dueMs, found);
            return;
        }

        if (Count == _buckets.Length)
        {
            GrowBuckets();
            bucket = ref Bucket(key);
        }

        var index = TakeSlot();
        SlotAt(index) = new Slot { Key = key, Next = bucket };
        bucket = index;
        if (Count == _heapDues.Length)
        {
            Array.Resize(ref _heapDues, Count * 2);
            Array.Resize(ref _heapSlots, Count * 2);
        }

        Count++;
        SiftUp(Count - 1, dueMs, index);
    }

    /// <summary>Removes an object's alarm; false if it has none.</summary>
    public bool Remove(ObjectKey key)
    {
        var found = Find(Bucket(key), key);
        if (found == None)
        {
            return false;
        }

        RemoveAt(SlotAt(found).HeapIndex);
        return true;
    }

    /// <summary>When an object's alarm is due, Unix milliseconds; false if it has none.</summary>
    public bool TryGet(ObjectKey key, out long dueMs)
    {
        var found = Find(Bucket(key), key);
        dueMs = found == None ? 0 : _heapDues[SlotAt(found).HeapIndex];
        return found != None;
    }

    /// <summary>When the earliest alarm is due, Unix milliseconds; false if there is none.</summary>
    public bool TryGetNextDue(out long dueMs)
    {
        dueMs = Count == 0 ? 0 : _heapDues[0];
        return Count != 0;
    }

    /// <summary>Removes alarms that are due, earliest first, and adds them to a list.</summary>
    /// <param name="nowMs">Now, Unix milliseconds. An alarm is due at its very millisecond.</param>
    /// <param name="into">The list to add to.</param>
    /// <param name="max">How many to take at most.</param>
    /// <returns>How many were taken.</returns>
    public int TakeDue(long nowMs, List<DueAlarm> into, int max)
    {
        var taken = 0;
        for (; taken < max && Count != 0 && _heapDues[0] <= nowMs; taken++)
        {
            into.Add(new DueAlarm(SlotAt(_heapSlots[0]).Key, _heapDues[0]));
            RemoveAt(0);
        }

        return taken;
    }

    /// <summary>All pending alarms, in no particular order. The schedule must not change meanwhile.</summary>
    public IEnumerable<DueAlarm> All()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return new DueAlarm(SlotAt(_heapSlots[i]).Key, _heapDues[i]);
        }
    }

    private void RemoveAt(int heapIndex)
    {
        var index = _heapSlots[heapIndex];
        Unchain(index);
        ref var slot = ref SlotAt(index);
        slot.Key = default;
        slot.Next = _freeSlot;
        _freeSlot = index;
        Count--;
        if (heapIndex != Count)
        {
            Move(heapIndex, _heapDues[Count], _heapSlots[Count]);
        }
    }

    // Puts an entry where another one was, and then where it belongs.
    private void Move(int heapIndex, long due, int slot)
    {
        if (heapIndex > 0 && due < _heapDues[(heapIndex - 1) / Children])
        {
            SiftUp(heapIndex, due, slot);
        }
        else
        {
            SiftDown(heapIndex, due, slot);
        }
    }

    private void SiftUp(int at, long due, int slot)
    {
        while (at > 0)
        {
            var parent = (at - 1) / Children;
            if (_heapDues[parent] <= due)
            {
                break;
            }

            Place(at, _heapDues[parent], _heapSlots[parent]);
            at = parent;
        }

        Place(at, due, slot);
    }

    private void SiftDown(int at, long due, int slot)
    {
        for (; ; )
        {
            var first = (at * Children) + 1;
            if (first >= Count)
            {
                break;
            }

            var least = first;
            for (var child = first + 1; child < Math.Min(first + Children, Count); child++)
            {
                least = _heapDues[child] < _heapDues[least] ? child : least;
            }

            if (_heapDues[least] >= due)
            {
                break;
            }

            Place(at, _heapDues[least], _heapSlots[least]);
            at = least;
        }

        Place(at, due, slot);
    }

    private void Place(int at, long due, int slot)
    {
        _heapDues[at] = due;
        _heapSlots[at] = slot;
        SlotAt(slot).HeapIndex = at;
    }

    private int Find(int index, in ObjectKey key)
    {
        while (index != None)
        {
            ref var slot = ref SlotAt(index);
            if (slot.Key.Equals(key))
            {
                break;
            }

            index = slot.Next;
        }

        return index;
    }

    private void Unchain(int index)
    {
        ref var link = ref Bucket(SlotAt(index).Key);
        while (link != index)
        {
            link = ref SlotAt(link).Next;
        }

        link = SlotAt(index).Next;
    }

    private int TakeSlot()
    {
        if (_freeSlot != None)
        {
            var free = _freeSlot;
            _freeSlot = SlotAt(free).Next;
            return free;
        }

        if (_slotsUsed == _chunks.Count * ChunkSize)
        {
            _chunks.Add(new Slot[ChunkSize]);
        }

        return _slotsUsed++;
    }

    private void GrowBuckets()
    {
        _buckets = NewBuckets(_buckets.Length * 2);
        for (var i = 0; i < Count; i++)
        {
            ref var slot = ref SlotAt(_heapSlots[i]);
            ref var bucket = ref Bucket(slot.Key);
            slot.Next = bucket;
            bucket = _heapSlots[i];
        }
    }

    private ref int Bucket(in ObjectKey key) => ref _buckets[key.GetHashCode() & (_buckets.Length - 1)];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Slot SlotAt(int index) => ref _chunks[index >> ChunkBits][index & (ChunkSize - 1)];

    private static int[] NewBuckets(int count)
    {
        var buckets = new int[count];
        buckets.AsSpan().Fill(None);
        return buckets;
    }

    private struct Slot
    {
        public ObjectKey Key;
        public int HeapIndex;

        // The next slot of the same bucket, or the next free one.
        public int Next;
    }
}
