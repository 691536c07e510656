using System.Net;
using Skerry.Accounts.Permissions;

namespace Skerry.Accounts.Policies;

/// <summary>What policies and conditions mean. Pure functions.</summary>
public static class PolicyEvaluator
{
    /// <summary>
    /// Decides on one request. Allocates nothing, and takes time that does not grow with the number of resources.
    /// <list type="number">
    /// <item>The conditions: if one fails, the token is good for nothing now.</item>
    /// <item>A policy that denies the permission on the resource, or on what is above it, settles it.</item>
    /// <item>Else one that allows it does.</item>
    /// <item>Else it is refused.</item>
    /// </list>
    /// </summary>
    /// <param name="policies">The policies.</param>
    /// <param name="conditions">The conditions.</param>
    /// <param name="permission">What the request needs.</param>
    /// <param name="resource">On what.</param>
    /// <param name="caller">Where it comes from; null if that is unknown, which meets no condition on addresses.</param>
    /// <param name="now">The time.</param>
    public static Decision Evaluate(
        CompiledPolicies policies,
        TokenConditions conditions,
        Permission permission,
        in ResourceName resource,
        IPAddress? caller,
        DateTimeOffset now)
    {
        // 1
        var outcome = conditions.Check(caller, now);
        string? policy = null;
        if (outcome == DecisionOutcome.Allowed)
        {
            // 2
            policy = policies.Denies.Find(resource, permission);
            if (policy is not null)
            {
                outcome = DecisionOutcome.Denied;
            }
            else
            {
                // 3 and 4
                policy = policies.Allows.Find(resource, permission);
                outcome = policy is null ? DecisionOutcome.NotAllowed : DecisionOutcome.Allowed;
            }
        }

        return new(outcome, policy, permission, resource, conditions, caller);
    }

    /// <summary>
    /// Whether everything that a grant allows is allowed by what its maker holds: a token that is made must not be stronger
    /// than its maker. True is certain. False may also mean that it could not be seen, where only several address ranges or
    /// policies on single things together would cover what the grant has in one piece.
    /// </summary>
    /// <param name="grant">The policies to be granted.</param>
    /// <param name="grantConditions">Their conditions.</param>
    /// <param name="holder">The policies of the maker.</param>
    /// <param name="holderConditions">The conditions under which the maker has them.</param>
    public static bool IsWithin(
        CompiledPolicies grant,
        TokenConditions grantConditions,
        CompiledPolicies holder,
        TokenConditions holderConditions) =>
        grantConditions.IsWithin(holderConditions) && grant.Allows.All.All(rule => IsHeld(rule, grant, holder));

    // Of what the rule allows and the grant does not deny again on all of the rule's resource:
    // 1. The holder is allowed it there. Only a rule on the same resource or above can say so for all of it.
    // 2. Whatever of it the holder is denied, on the resource or on a part of it, the grant denies as well.
    private static bool IsHeld(Rule rule, CompiledPolicies grant, CompiledPolicies holder)
    {
        var granted = rule.Permissions - grant.Denies.Over(rule.Resource);
        if (!granted.IsSubsetOf(holder.Allows.Over(rule.Resource)))
        {
            return false;
        }

        foreach (var denied in holder.Denies.All)
        {
            var lost = granted & denied.Permissions;
            var isPart = rule.Resource.Covers(denied.Resource);
            if (lost.IsEmpty || (!isPart && !denied.Resource.Covers(rule.Resource)))
            {
                continue;
            }

            var common = isPart ? denied.Resource : rule.Resource;
            if (!lost.IsSubsetOf(grant.Denies.Over(common)))
            {
                return false;
            }
        }

        return true;
    }
}
