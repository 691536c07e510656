namespace Skerry.Accounts.Policies;

/// <summary>How a <see cref="Decision"/> came out.</summary>
public enum DecisionOutcome
{
    /// <summary>No policy allows it. The default, so that a decision nobody made is a refusal.</summary>
    NotAllowed,

    /// <summary>A policy allows it, none denies it, and the conditions hold.</summary>
    Allowed,

    /// <summary>A policy denies it.</summary>
    Denied,

    /// <summary>The token may be used later only.</summary>
    NotYetValid,

    /// <summary>The token may be used no longer.</summary>
    Expired,

    /// <summary>The token may be used from some addresses only, and the caller's is none of them or unknown.</summary>
    AddressNotListed,

    /// <summary>The token may not be used from the caller's address.</summary>
    AddressExcluded,

    /// <summary>The token is disabled.</summary>
    Disabled,

    /// <summary>It is about something in which the token's owner has no part.</summary>
    Outside,

    /// <summary>The token's policies allow it, and its user is no member of the account.</summary>
    NotAMember,

    /// <summary>The token's policies allow it, and nothing allows it to its user in the account.</summary>
    NotAllowedToMember,

    /// <summary>The token's policies allow it, and a policy of its user in the account denies it.</summary>
    DeniedToMember,

    /// <summary>The token's policies allow it, and it is about another user than the token's.</summary>
    NotTheUser,
}
