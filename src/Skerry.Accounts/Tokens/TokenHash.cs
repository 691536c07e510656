using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Skerry.Accounts.Tokens;

/// <summary>
/// The SHA-256 of a token's text, which is what is stored of a token. A fast hash is enough: a token has 238 random bits,
/// so there is nothing to be guessed, neither a value from its hash nor a hash by the time that finding it takes.
/// </summary>
public readonly struct TokenHash : IEquatable<TokenHash>
{
    /// <summary>How long it is.</summary>
    public const int Bytes = SHA256.HashSizeInBytes;

    /// <summary>How many values <see cref="Shard"/> has.</summary>
    public const int Shards = 256;

    private readonly Content _content;

    private TokenHash(Content content) => _content = content;

    /// <summary>Which of the 256 indexes of tokens this one belongs to: its first byte, so they fill evenly.</summary>
    public byte Shard => _content[0];

    /// <summary>Hashes a token's text.</summary>
    /// <param name="text">The whole text, prefix and checksum included, as ASCII.</param>
    public static TokenHash Of(ReadOnlySpan<byte> text)
    {
        var content = default(Content);
        SHA256.HashData(text, content);
        return new(content);
    }

    /// <summary>A hash as it was stored.</summary>
    /// <exception cref="ArgumentException">It has not 32 bytes.</exception>
    public static TokenHash FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Bytes)
        {
            throw new ArgumentException($"A token's hash has {Bytes} bytes, this has {bytes.Length}.", nameof(bytes));
        }

        var content = default(Content);
        bytes.CopyTo(content);
        return new(content);
    }

    /// <summary>Its 32 bytes, for storing.</summary>
    public byte[] ToArray() => [.. (ReadOnlySpan<byte>)_content];

    /// <inheritdoc/>
    public bool Equals(TokenHash other) => CryptographicOperations.FixedTimeEquals(_content, other._content);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is TokenHash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(_content);

    /// <summary>64 hexadecimal digits. It is no secret: a token cannot be found from it.</summary>
    public override string ToString() => Convert.ToHexStringLower(_content);

    /// <summary>Whether two are equal, in the same time wherever they differ.</summary>
    public static bool operator ==(TokenHash left, TokenHash right) => left.Equals(right);

    /// <summary>Whether two are not equal.</summary>
    public static bool operator !=(TokenHash left, TokenHash right) => !left.Equals(right);

    [InlineArray(Bytes)]
    private struct Content
    {
        private byte _first;
    }
}
