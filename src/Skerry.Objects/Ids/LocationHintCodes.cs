using System.Diagnostics.CodeAnalysis;

namespace Skerry.Objects;

/// <summary>The names that clients use for location hints.</summary>
public static class LocationHintCodes
{
    private static readonly string[] s_codes = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"];

    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public static string Accepted { get; } = string.Join(", ", s_codes);

    /// <summary>The name of a hint.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The hint is not defined.</exception>
    public static string ToCode(this LocationHint hint) => (uint)hint < (uint)s_codes.Length
        ? s_codes[(int)hint]
        : throw new ArgumentOutOfRangeException(nameof(hint), hint, $"The location hints are {Accepted}.");

    /// <summary>Parses a name, in lower case; answers false for anything else, and for null.</summary>
    public static bool TryParse([NotNullWhen(true)] string? code, out LocationHint hint)
    {
        var at = Array.IndexOf(s_codes, code);
        hint = (LocationHint)Math.Max(at, 0);
        return at >= 0;
    }
}
