using System.Diagnostics.CodeAnalysis;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;

namespace Skerry.Accounts.Members;

/// <summary>What a user may do in an account, ready for <see cref="PolicyEvaluator"/>. Immutable and safe for threads.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Member">What is stored of it.</param>
/// <param name="Policies">The roles' policies and the member's own together.</param>
public sealed record MemberRights(string AccountId, MemberRecord Member, CompiledPolicies Policies)
{
    /// <summary>Checks a member's settings and compiles them.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="policies">The result.</param>
    /// <param name="errors">Everything for which they are refused, up to 20 things; empty if they are not.</param>
    public static bool TryCompile(
        string accountId, MemberSettings settings, [NotNullWhen(true)] out CompiledPolicies? policies, out IReadOnlyList<PolicyError> errors)
    {
        ArgumentNullException.ThrowIfNull(settings);
        List<PolicyError> found = [];
        List<Policy> all = [];
        var (roles, own) = (settings.Roles ?? [], settings.Policies ?? []);
        if (roles.Count > RoleTable.All.Count || roles.Distinct().Count() != roles.Count)
        {
            found.Add(new("roles", "a role is there twice", "each role once"));
        }
        else
        {
            for (var i = 0; i < roles.Count; i++)
            {
                if (RoleTable.Find(roles[i]) is { } role)
                {
                    all.Add(role.ToPolicy(accountId));
                }
                else
                {
                    found.Add(new($"roles[{i}]", $"{PolicyError.Quote(roles[i])} is no role", "the ids that the list of roles has"));
                }
            }
        }

        if (all.Count == 0 && found.Count == 0 && !own.Any(static one => one?.Effect == PolicyEffect.Allow))
        {
            found.Add(new("roles", "there is none, nor a policy that allows anything", "at least one of either"));
        }

        // Checked before the roles' policies are put in front, so that the fields in errors are those that were sent.
        if (!CompiledPolicies.TryCompile([.. own], out _, out var problems))
        {
            found.AddRange(problems);
        }
        else if (own.SelectMany(static one => one.Resources.Keys).FirstOrDefault(name => !IsInside(accountId, name)) is { } outside)
        {
            found.Add(new("policies", $"{PolicyError.Quote(outside)} is not in this account", $"{ResourceName.Account(accountId)} and what is below it"));
        }

        policies = null;
        if (found.Count == 0 && !CompiledPolicies.TryCompile([.. all, .. own], out policies, out problems))
        {
            found.AddRange(problems);
        }

        errors = found.Count > PolicyError.CountMax ? found[..PolicyError.CountMax] : found;
        return policies is not null;
    }

    private static bool IsInside(string accountId, string name) =>
        ResourceName.TryParse(name, out var resource, out _) && ResourceName.Account(accountId).Covers(resource);
}
