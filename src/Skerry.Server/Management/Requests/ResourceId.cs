namespace Skerry.Server.Management.Requests;

/// <summary>What ids of accounts, users, tokens and the like look like.</summary>
internal static class ResourceId
{
    /// <summary>How long they are.</summary>
    public const int Chars = 32;

    /// <summary>Whether a text can be one. What cannot is not looked for: an object's name may be anything.</summary>
    public static bool IsOne(string text) => text.Length == Chars && text.All(char.IsAsciiHexDigitLower);
}
