using System.Security.Cryptography;
using System.Text;
using Skerry.Objects;

namespace Skerry.Accounts.Users;

/// <summary>
/// By what users are found: the SHA-256 of an e-mail address or of a link to another sign-in, so that keys have one length
/// and no index is a list of addresses. The first byte says which of the 256 indexes has it.
/// </summary>
internal static class UserKey
{
    /// <summary>The key of an e-mail address in its one spelling.</summary>
    public static byte[] OfEmail(string address) => Hash("email", address);

    /// <summary>The key of somebody's identity at another sign-in.</summary>
    public static byte[] OfLink(string issuer, string subject) => Hash("link", issuer, subject);

    /// <summary>The index that has a key, if any has it.</summary>
    public static IUserIndex Of(this DurableObjectNamespace<IUserIndex> indexes, byte[] key) => indexes.GetByName($"{key[0]:x2}");

    // Each part behind its length, so that no two lists of parts are hashed alike.
    private static byte[] Hash(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }
}
