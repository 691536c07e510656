using Google.Protobuf;
using Skerry.Storage.Relay.Grpc.Wire;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>Takes frames apart into messages of at most <see cref="RelayLimits.PartBytesMax"/> of body.</summary>
internal static class FrameParts
{
    /// <summary>How many messages a frame takes.</summary>
    public static int Count(in Frame frame) => Math.Max(1, (frame.Body.Length + RelayLimits.PartBytesMax - 1) / RelayLimits.PartBytesMax);

    /// <summary>Fills a message with a part of the frame. The body is not copied: the message is good for as long as it is.</summary>
    public static void Fill(FramePart part, in Frame frame, long sentAt, int index)
    {
        var head = index == 0;
        part.First = head ? frame.First : 0;
        part.Last = head ? frame.Last : 0;
        part.Salt = head ? frame.Salt : 0;
        part.Segment = head ? frame.Segment : 0;
        part.Offset = head ? frame.Offset : 0;
        part.SentAt = head ? sentAt : 0;
        part.Length = head ? (uint)frame.Body.Length : 0;
        var from = index * RelayLimits.PartBytesMax;
        part.Data = UnsafeByteOperations.UnsafeWrap(frame.Body.Slice(from, Math.Min(RelayLimits.PartBytesMax, frame.Body.Length - from)));
    }
}
