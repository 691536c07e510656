namespace Skerry.Accounts.Tokens;

/// <summary>A token just made or rolled, with its value, which is shown this once and kept nowhere.</summary>
/// <param name="Token">The token.</param>
/// <param name="Value">Its value.</param>
public sealed record CreatedToken(TokenRecord Token, string Value)
{
    // The value must not reach a log by way of the record's own text.
    /// <inheritdoc/>
    public override string ToString() => $"token {Token.Id}";
}
