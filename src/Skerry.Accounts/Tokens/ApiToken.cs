using System.Buffers;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace Skerry.Accounts.Tokens;

/// <summary>
/// An API token just made. Its text is <c>sku_</c> or <c>ska_</c>, 40 random characters and 6 of a checksum, all behind the
/// prefix base62. The prefix lets scanners for leaked secrets find it; the checksum lets them, and us, tell it from a mistyped
/// one without asking anybody. It has no id in it, so that nothing is known of a token whose text is not known. Immutable.
/// </summary>
public sealed class ApiToken
{
    /// <summary>How long a token's text is.</summary>
    public const int Chars = PrefixChars + SecretChars + ChecksumChars;

    private const int PrefixChars = 4;
    private const int SecretChars = 40; // 40 × log2(62) = 238 bits.
    private const int ChecksumChars = 6; // 62^6 is more than 2^32.
    private const int Base = 62;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private readonly string _text;

    private ApiToken(TokenKind kind, ReadOnlySpan<byte> text)
    {
        Kind = kind;
        Hash = TokenHash.Of(text);
        _text = Encoding.ASCII.GetString(text);
    }

    private static ReadOnlySpan<byte> Digits => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8;

    /// <summary>Whose it is.</summary>
    public TokenKind Kind { get; }

    /// <summary>What to store of it.</summary>
    public TokenHash Hash { get; }

    /// <summary>Makes a token.</summary>
    /// <param name="kind">Whose it is.</param>
    /// <param name="random">A cryptographic source.</param>
    public static ApiToken Create(TokenKind kind, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> text = stackalloc byte[Chars];
        (kind switch
        {
            TokenKind.User => "sku_"u8,
            TokenKind.Account => "ska_"u8,
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        }).CopyTo(text);
        FillSecret(text.Slice(PrefixChars, SecretChars), random);
        WriteChecksum(text[..^ChecksumChars], text[^ChecksumChars..]);
        var token = new ApiToken(kind, text);
        CryptographicOperations.ZeroMemory(text);
        return token;
    }

    /// <summary>Looks at a text that should be a token. Allocates nothing and never throws.</summary>
    /// <param name="text">The text, without anything around it.</param>
    /// <param name="kind">Whose it is.</param>
    /// <param name="hash">What would be stored of it.</param>
    /// <param name="fault">Why it is none; <see cref="TokenFault.None"/> if it is one.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out TokenKind kind, out TokenHash hash, out TokenFault fault)
    {
        (kind, hash, fault) = (default, default, TokenFault.NotAToken);
        if (text.Length != Chars || text[PrefixChars..].ContainsAnyExcept(Allowed))
        {
            return false;
        }

        if (text.StartsWith("sku_", StringComparison.Ordinal))
        {
            kind = TokenKind.User;
        }
        else if (text.StartsWith("ska_", StringComparison.Ordinal))
        {
            kind = TokenKind.Account;
        }
        else
        {
            return false;
        }

        Span<byte> ascii = stackalloc byte[Chars];
        Span<byte> checksum = stackalloc byte[ChecksumChars];
        Encoding.ASCII.GetBytes(text, ascii);
        WriteChecksum(ascii[..^ChecksumChars], checksum);
        if (!ascii[^ChecksumChars..].SequenceEqual(checksum))
        {
            (kind, fault) = (default, TokenFault.ChecksumWrong);
            return false;
        }

        (hash, fault) = (TokenHash.Of(ascii), TokenFault.None);
        CryptographicOperations.ZeroMemory(ascii);
        return true;
    }

    /// <summary>The text, to be shown once to whoever made the token and kept nowhere.</summary>
    public string Reveal() => _text;

    // A token that reaches a log by mistake must not be of use there.
    /// <summary>The prefix only.</summary>
    public override string ToString() => $"{_text.AsSpan(0, PrefixChars)}…";

    // Bytes from 248 up are thrown away, so that each of the 62 digits is equally likely.
    private static void FillSecret(Span<byte> secret, RandomNumberGenerator random)
    {
        const int Fair = 256 / Base * Base;
        Span<byte> bytes = stackalloc byte[SecretChars];
        for (var filled = 0; filled < secret.Length;)
        {
            random.GetBytes(bytes);
            foreach (var one in bytes)
            {
                if (one < Fair && filled < secret.Length)
                {
                    secret[filled++] = Digits[one % Base];
                }
            }
        }

        CryptographicOperations.ZeroMemory(bytes);
    }

    // The CRC-32 of everything before it in base62, the highest digit first.
    private static void WriteChecksum(ReadOnlySpan<byte> text, Span<byte> checksum)
    {
        var rest = Crc32.HashToUInt32(text);
        for (var i = checksum.Length - 1; i >= 0; i--)
        {
            checksum[i] = Digits[(int)(rest % Base)];
            rest /= Base;
        }
    }
}
