namespace Skerry.Storage.Relay;

/// <summary>The newest frames, from which all links send; who needs an older one reads the spool. Bounded by bytes. Thread-safe.</summary>
internal sealed class FrameRing(long bytesMax)
{
    private readonly Lock _gate = new();
    private SharedFrame[] _frames = new SharedFrame[64];
    private int _head;
    private int _count;
    private long _bytes;

    /// <summary>Adds the frame that follows the last one.</summary>
    public void Add(in Frame frame)
    {
        var shared = new SharedFrame(frame);
        lock (_gate)
        {
            if (_count == _frames.Length)
            {
                var larger = new SharedFrame[_count * 2];
                for (var i = 0; i < _count; i++)
                {
                    larger[i] = At(i);
                }

                (_frames, _head) = (larger, 0);
            }

            _count++;
            At(_count - 1) = shared;
            _bytes += frame.Body.Length;
            while (_bytes > bytesMax && _count > 1)
            {
                DropOldest();
            }
        }
    }

    /// <summary>The frame that begins with this record, to be released by the caller; null if the ring does not have it.</summary>
    public SharedFrame? Find(ulong first)
    {
        lock (_gate)
        {
            var (low, high) = (0, _count - 1);
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var frame = At(middle);
                if (frame.Frame.First == first)
                {
                    frame.Use();
                    return frame;
                }

                (low, high) = frame.Frame.First < first ? (middle + 1, high) : (low, middle - 1);
            }

            return null;
        }
    }

    /// <summary>Lets everything go.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            while (_count > 0)
            {
                DropOldest();
            }
        }
    }

    private ref SharedFrame At(int index) => ref _frames[(_head + index) & (_frames.Length - 1)];

    private void DropOldest()
    {
        ref var oldest = ref At(0);
        _bytes -= oldest.Frame.Body.Length;
        oldest.Release();
        oldest = null!;
        _head = (_head + 1) & (_frames.Length - 1);
        _count--;
    }
}
