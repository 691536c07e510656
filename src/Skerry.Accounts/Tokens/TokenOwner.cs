namespace Skerry.Accounts.Tokens;

/// <summary>Where a token's record is.</summary>
/// <param name="Kind">Whether a user or an account owns it.</param>
/// <param name="OwnerId">Which.</param>
/// <param name="TokenId">The token there.</param>
public sealed record TokenOwner(TokenKind Kind, string OwnerId, string TokenId);
