namespace Skerry.Accounts;

/// <summary>Why something cannot be done.</summary>
public enum AccountsFault
{
    /// <summary>It was done.</summary>
    None,

    /// <summary>There is no such thing.</summary>
    NotFound,

    /// <summary>What was sent is not accepted; the message names the field.</summary>
    Invalid,

    /// <summary>There are as many as there may be.</summary>
    TooMany,

    /// <summary>It is not what the asker has looked at any more.</summary>
    Changed,
}
