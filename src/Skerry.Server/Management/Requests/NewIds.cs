using System.Security.Cryptography;

namespace Skerry.Server.Management.Requests;

/// <summary>Makes ids.</summary>
internal static class NewIds
{
    /// <summary>An id that nothing else has: 32 hexadecimal digits.</summary>
    public static string NewId(this RandomNumberGenerator random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.GetBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
