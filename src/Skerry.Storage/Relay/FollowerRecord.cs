using System.Buffers.Binary;
using Skerry.Storage.Log;

namespace Skerry.Storage.Relay;

/// <summary>
/// What a follower writes to its log. A frame is one record, its body preceded by
/// <code>
///  0 first sequence   8 salt   16 segment   20 offset   24 records   28 flags: 1 = nothing before it is here
/// </code>
/// Seals are records of <see cref="SealBytes"/> each: session (16), recovery epoch (4).
/// </summary>
internal static class FollowerRecord
{
    public const string FrameName = "frame";
    public const string SealName = "seal";
    public const string ForgetName = "forget";
    public const int PreambleBytes = 32;
    public const int SealBytes = 20;

    public static ObjectKey KeyOf(string name, SessionId session)
    {
        Span<byte> id = stackalloc byte[Id256.Size];
        id.Clear();
        BinaryPrimitives.WriteUInt128BigEndian(id, session.Value);
        return new ObjectKey(name, new Id256(id));
    }

    public static SessionId SessionOf(in ObjectKey key)
    {
        var id = key.Id;
        return new SessionId(BinaryPrimitives.ReadUInt128BigEndian(id.Bytes));
    }

    public static byte[] Preamble(in Frame frame, bool startsAnew)
    {
        var bytes = new byte[PreambleBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, frame.First);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), frame.Salt);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), frame.Segment);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(20), frame.Offset);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(24), (uint)(frame.Last - frame.First + 1));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(28), startsAnew ? 1u : 0);
        return bytes;
    }

    /// <summary>Reads a frame from a verified record.</summary>
    public static Frame FrameOf(ReadOnlyMemory<byte> payload, out bool startsAnew)
    {
        var bytes = payload.Span;
        var first = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        startsAnew = BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]) != 0;
        return new Frame(
            first,
            first + BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]) - 1,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]),
            payload[PreambleBytes..]);
    }

    public static void WriteSeal(Span<byte> bytes, SessionId session, int recoveryEpoch)
    {
        BinaryPrimitives.WriteUInt128BigEndian(bytes, session.Value);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], recoveryEpoch);
    }

    public static (SessionId Session, int RecoveryEpoch) ReadSeal(ReadOnlySpan<byte> bytes) =>
        (new SessionId(BinaryPrimitives.ReadUInt128BigEndian(bytes)), BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]));
}
