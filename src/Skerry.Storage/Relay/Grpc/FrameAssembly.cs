using Skerry.Storage.Relay.Grpc.Wire;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>
/// Puts frames together again from the messages of one stream. A frame in one part keeps the memory that its message was
/// read into; only longer ones are copied, once. Not thread-safe.
/// </summary>
internal sealed class FrameAssembly
{
    private Frame _head;
    private long _sentAt;
    private byte[]? _body;
    private int _filled;

    /// <summary>Whether a frame has begun and is not whole yet.</summary>
    public bool IsOpen => _body is not null;

    /// <summary>Takes the next part.</summary>
    /// <returns>Whether a frame is whole with it.</returns>
    /// <exception cref="InvalidDataException">The parts do not fit together, or the frame is longer than any may be.</exception>
    public bool Add(FramePart part, out Frame frame, out long sentAt)
    {
        if (_body is null)
        {
            if (part.Length > RelayLimits.FrameBytesMax || part.Data.Length > part.Length || part.First == 0 || part.Last < part.First)
            {
                throw new InvalidDataException($"A frame of the records {part.First} to {part.Last} with {part.Length} bytes cannot be; at most {RelayLimits.FrameBytesMax} bytes are accepted.");
            }

            frame = new(part.First, part.Last, part.Salt, part.Segment, part.Offset, part.Data.Memory);
            sentAt = part.SentAt;
            if (part.Data.Length == part.Length)
            {
                return true;
            }

            _head = frame;
            _sentAt = sentAt;
            _body = GC.AllocateUninitializedArray<byte>((int)part.Length);
            _filled = 0;
        }

        frame = default;
        sentAt = 0;
        if (part.Data.IsEmpty || part.Data.Length > _body.Length - _filled)
        {
            throw new InvalidDataException($"The frame of the records {_head.First} to {_head.Last} does not have the {_body.Length} bytes that were announced.");
        }

        part.Data.Span.CopyTo(_body.AsSpan(_filled));
        _filled += part.Data.Length;
        if (_filled < _body.Length)
        {
            return false;
        }

        frame = _head with { Body = _body };
        sentAt = _sentAt;
        _body = null;
        return true;
    }
}
