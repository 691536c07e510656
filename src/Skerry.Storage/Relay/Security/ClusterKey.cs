using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Skerry.Storage.Relay.Security;

/// <summary>
/// The secret that makes a node a member of its cluster: 32 random bytes, written as 43 characters of base64url. All
/// that a node shows of it is derived with HKDF-SHA256, so neither a certificate nor a proof tells anything about it.
/// Immutable.
/// </summary>
public sealed class ClusterKey
{
    /// <summary>The key's length in bytes.</summary>
    public const int Size = 32;

    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public const string Accepted = "43 characters of base64url (A-Z a-z 0-9 - _), as `skerry cluster key` prints them";

    private readonly byte[] _secret;

    private ClusterKey(byte[] secret) => _secret = secret;

    /// <summary>Makes a new key.</summary>
    /// <param name="random">A cryptographic source.</param>
    public static ClusterKey Create(RandomNumberGenerator random)
    {
        var secret = new byte[Size];
        random.GetBytes(secret);
        return new(secret);
    }

    /// <summary>Parses what <see cref="Reveal"/> writes; white space around it is ignored.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out ClusterKey? key)
    {
        key = null;
        text = text.Trim();
        if (text.Length != Base64Url.GetEncodedLength(Size) || !Base64Url.IsValid(text))
        {
            return false;
        }

        key = new(Base64Url.DecodeFromChars(text));
        return true;
    }

    /// <summary>The secret as text, for its file and for nothing else.</summary>
    public string Reveal() => Base64Url.EncodeToString(_secret);

    /// <summary>Proves possession of the key for <paramref name="text"/>: HMAC-SHA256 under a key that serves only this.</summary>
    public byte[] Prove(string text)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.Expand(HashAlgorithmName.SHA256, _secret, key, "skerry cluster proof 1"u8);
        return HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>
    /// The key pair on P-256 that every node of the cluster has. 16 bytes more than the curve's order has are derived
    /// and reduced, which leaves a bias below 2^-128 (FIPS 186-5, A.2.1).
    /// </summary>
    internal ECDsa DeriveKeyPair()
    {
        Span<byte> wide = stackalloc byte[48];
        HKDF.Expand(HashAlgorithmName.SHA256, _secret, wide, "skerry node certificate 1"u8);
        var scalar = (new BigInteger(wide, isUnsigned: true, isBigEndian: true) % (Order - 1)) + 1;
        var d = new byte[32];
        var bytes = scalar.ToByteArray(isUnsigned: true, isBigEndian: true);
        bytes.CopyTo(d, d.Length - bytes.Length);
        return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d });
    }

    /// <summary>Does not show the secret.</summary>
    public override string ToString() => "cluster key";

    // SEC 2, section 2.4.2.
    private static BigInteger Order { get; } = new(
        Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);
}
