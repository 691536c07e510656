using System.Buffers;
using System.Collections.Concurrent;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>A frame's body that notes by what kind of thread it is read.</summary>
internal sealed class WatchedBody(int length) : MemoryManager<byte>
{
    private readonly byte[] _content = new byte[length];

    /// <summary>For each time that it was read: whether by a thread of the pool.</summary>
    public ConcurrentQueue<bool> ReadByPool { get; } = [];

    // The base class's own reads it.
    public override Memory<byte> Memory => CreateMemory(length);

    public override Span<byte> GetSpan()
    {
        ReadByPool.Enqueue(Thread.CurrentThread.IsThreadPoolThread);
        return _content;
    }

    // Nobody here hands it to native code.
    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
