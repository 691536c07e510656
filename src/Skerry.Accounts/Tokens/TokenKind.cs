namespace Skerry.Accounts.Tokens;

/// <summary>Whose a token is; its prefix says so.</summary>
public enum TokenKind
{
    /// <summary>A user's: <c>sku_</c>. It ends with the user's rights.</summary>
    User,

    /// <summary>An account's: <c>ska_</c>. It stays when whoever made it leaves.</summary>
    Account,
}
