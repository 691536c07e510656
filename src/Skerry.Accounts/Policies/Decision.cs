using System.Net;
using Skerry.Accounts.Permissions;

namespace Skerry.Accounts.Policies;

/// <summary>What <see cref="PolicyEvaluator.Evaluate"/> answers, with everything an explanation needs. The default is a refusal.</summary>
public readonly record struct Decision
{
    private readonly TokenConditions? _conditions;

    internal Decision(
        DecisionOutcome outcome,
        string? policyId,
        Permission permission,
        in ResourceName resource,
        TokenConditions conditions,
        IPAddress? caller)
    {
        Outcome = outcome;
        PolicyId = policyId;
        Permission = permission;
        Resource = resource;
        Caller = caller;
        _conditions = conditions;
    }

    /// <summary>The refusal of what the token's owner has no part in, whatever its policies say.</summary>
    public static Decision Outside(Permission permission, in ResourceName resource, IPAddress? caller) =>
        new(DecisionOutcome.Outside, null, permission, resource, TokenConditions.None, caller);

    /// <summary>How it came out.</summary>
    public DecisionOutcome Outcome { get; }

    /// <summary>The policy that allows or denies it; null if none does, or if a condition fails before policies are looked at.</summary>
    public string? PolicyId { get; }

    /// <summary>What was asked for.</summary>
    public Permission Permission { get; }

    /// <summary>On what.</summary>
    public ResourceName Resource { get; }

    /// <summary>From where; null if that is unknown.</summary>
    public IPAddress? Caller { get; }

    /// <summary>Whether it is allowed.</summary>
    public bool IsAllowed => Outcome == DecisionOutcome.Allowed;

    /// <summary>The same with another outcome.</summary>
    internal Decision With(DecisionOutcome outcome, string? policyId) => new(outcome, policyId, Permission, Resource, _conditions!, Caller);

    /// <summary>One sentence for people, made when it is asked for.</summary>
    public override string ToString() => Outcome switch
    {
        DecisionOutcome.Allowed => $"Policy '{PolicyId}' allows {Permission} on {Resource}.",
        DecisionOutcome.Denied => $"Policy '{PolicyId}' denies {Permission} on {Resource}.",
        DecisionOutcome.NotYetValid => $"The token may not be used before {_conditions?.NotBefore:u}.",
        DecisionOutcome.Expired => $"The token expired on {_conditions?.ExpiresOn:u}.",
        DecisionOutcome.AddressNotListed when Caller is null => "The token may be used from some addresses only, and the caller's is unknown.",
        DecisionOutcome.AddressNotListed => $"The token may not be used from {Caller}, which is not in condition.request_ip.in.",
        DecisionOutcome.AddressExcluded => $"The token may not be used from {Caller}, which is in condition.request_ip.not_in.",
        DecisionOutcome.NotAMember => $"The token allows {Permission} on {Resource}, but its user is no member there.",
        DecisionOutcome.NotAllowedToMember => $"The token allows {Permission} on {Resource}, but no role or policy of its user does.",
        DecisionOutcome.DeniedToMember => $"The token allows {Permission} on {Resource}, but policy '{PolicyId}' denies it to its user.",
        DecisionOutcome.NotTheUser => $"The token allows {Permission} on {Resource}, but is another user's.",
        DecisionOutcome.Disabled => "The token is disabled.",
        DecisionOutcome.Outside => $"The token's owner has no part in {Resource}.",
        _ => $"No policy allows {Permission} on {Resource}.",
    };
}
