namespace Skerry.Accounts.Tokens;

/// <summary>A part of a list of tokens.</summary>
/// <param name="Tokens">The part.</param>
/// <param name="Total">How many there are in all.</param>
public sealed record TokenPage(IReadOnlyList<TokenRecord> Tokens, long Total);
