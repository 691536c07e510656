using System.Buffers.Binary;
using System.Security.Cryptography;
using Skerry.Storage;

namespace Skerry.Objects.Tests.Alarms;

/// <summary>Keys that are spread as those of real objects are.</summary>
internal static class AlarmKeys
{
    public static ObjectKey Key(int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        return new ObjectKey("flights", new Id256(SHA256.HashData(bytes)));
    }
}
