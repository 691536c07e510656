using System.Buffers;

namespace Skerry.Storage.Relay;

/// <summary>One frame for all links: its body is copied once, and given back when nobody sends it any more.</summary>
internal sealed class SharedFrame
{
    private readonly byte[] _buffer;
    private int _users = 1;

    public SharedFrame(in Frame frame)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(frame.Body.Length);
        frame.Body.CopyTo(_buffer);
        Frame = frame with { Body = _buffer.AsMemory(0, frame.Body.Length) };
    }

    /// <summary>Valid between <see cref="Use"/> and <see cref="Release"/>.</summary>
    public Frame Frame { get; }

    public void Use() => Interlocked.Increment(ref _users);

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }
}
