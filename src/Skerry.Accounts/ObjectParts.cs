using System.Security.Cryptography;
using Skerry.Objects;

namespace Skerry.Accounts;

/// <summary>What the parts of an object use of it.</summary>
/// <param name="Sql">Its database.</param>
/// <param name="Storage">Its transactions.</param>
/// <param name="Context">Its lifetime.</param>
/// <param name="Random">A cryptographic source.</param>
/// <param name="Time">The clock.</param>
internal sealed record ObjectParts(SqlStorage Sql, ObjectStorage Storage, ObjectContext Context, RandomNumberGenerator Random, TimeProvider Time)
{
    /// <summary>An id that nothing else has: 32 hexadecimal digits.</summary>
    public string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Random.GetBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>The time, to the millisecond, as it is stored.</summary>
    public DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(Time.GetUtcNow().ToUnixTimeMilliseconds());
}
