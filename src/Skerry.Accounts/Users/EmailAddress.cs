using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Skerry.Accounts.Users;

/// <summary>
/// E-mail addresses, in the one spelling by which users are found: trimmed and in lower case. (By RFC 5321 the part before the
/// @ has its case; no provider gives two people addresses that differ in nothing else.) Only ASCII is accepted: this process
/// has no tables of Unicode's equivalent spellings, and of two people whose addresses look alike one could pass for the
/// other. A domain of other letters is written as it travels, with <c>xn--</c>.
/// </summary>
public static class EmailAddress
{
    /// <summary>The longest address: RFC 5321 bounds a path to 256 characters, angle brackets included.</summary>
    public const int CharsMax = 254;

    private const int LocalCharsMax = 64;
    private const int LabelCharsMax = 63;

    // RFC 5322's atext and the dot. Quoted local parts are not accepted.
    private static readonly SearchValues<char> Local = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.");
    private static readonly SearchValues<char> Label = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>Reads an address.</summary>
    /// <param name="text">As somebody wrote it.</param>
    /// <param name="address">In the one spelling.</param>
    /// <param name="problem">Why it is refused, as a sentence with the field's name.</param>
    public static bool TryNormalize(string? text, [NotNullWhen(true)] out string? address, [NotNullWhen(false)] out string? problem)
    {
        address = null;
        var trimmed = (text ?? "").Trim().ToLowerInvariant();
        var at = trimmed.LastIndexOf('@');
        problem = trimmed.Length > CharsMax ? $"email: it is too long; accepted: up to {CharsMax} characters."
            : at < 0 || !IsLocal(trimmed.AsSpan(0, at)) || !IsDomain(trimmed.AsSpan(at + 1)) ? "email: it is no e-mail address; accepted: such as ada@example.com, in ASCII."
            : null;
        if (problem is not null)
        {
            return false;
        }

        address = trimmed;
        return true;
    }

    private static bool IsLocal(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= LocalCharsMax && !text.ContainsAnyExcept(Local) && text[0] != '.' && text[^1] != '.' && !text.Contains("..", StringComparison.Ordinal);

    private static bool IsDomain(ReadOnlySpan<char> text)
    {
        foreach (var range in text.Split('.'))
        {
            var label = text[range];
            if (label.Length is 0 or > LabelCharsMax || label.ContainsAnyExcept(Label) || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }
        }

        return true;
    }
}
