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

    /// <summary>Somebody has it already, such as an e-mail address.</summary>
    Taken,

    /// <summary>The last super administrator of an account can neither go nor be made weaker.</summary>
    LastSuperAdministrator,

    /// <summary>Who it is was not proved. What of it was wrong is not said.</summary>
    NotProved,

    /// <summary>The password is right, and a code of the second factor is needed besides.</summary>
    CodeNeeded,

    /// <summary>Not now; <see cref="Answer{T}.RetryAfter"/> says when.</summary>
    TryLater,
}
