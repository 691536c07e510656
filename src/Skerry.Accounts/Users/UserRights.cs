using System.Net;
using Skerry.Accounts.Members;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;

namespace Skerry.Accounts.Users;

/// <summary>
/// What a user's token may do: never more than its policies say, and never more than the user. Pure functions.
/// </summary>
public static class UserRights
{
    /// <summary>
    /// Decides on one request. Allocates nothing.
    /// <list type="number">
    /// <item>What the token's own policies and conditions refuse is refused.</item>
    /// <item>Of users, only the token's own user is left.</item>
    /// <item>In an account, what the member's rights refuse is refused; whoever is no member may nothing there.</item>
    /// <item>Anything else, such as all accounts at once, is no user's.</item>
    /// </list>
    /// </summary>
    /// <param name="token">A user's token.</param>
    /// <param name="member">The user's rights in the resource's account, as <see cref="MemberAuthority"/> knows them; null: no member there.</param>
    /// <param name="permission">What the request needs.</param>
    /// <param name="resource">On what.</param>
    /// <param name="caller">Where it comes from; null if that is unknown.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="ArgumentException">The token is an account's, or the rights are of another account or user.</exception>
    public static Decision Decide(
        KnownToken token, MemberRights? member, Permission permission, in ResourceName resource, IPAddress? caller, DateTimeOffset now)
    {
        Check(token, member);

        // 1
        var decision = token.Decide(permission, resource, caller, now);
        if (!decision.IsAllowed)
        {
            return decision;
        }

        // 2
        if (resource.Kind == ResourceKind.User)
        {
            return resource.Owner == token.Owner.OwnerId ? decision : decision.With(DecisionOutcome.NotTheUser, null);
        }

        // 4
        if (resource.Kind is ResourceKind.None or ResourceKind.AllAccounts)
        {
            return decision.With(DecisionOutcome.NotAMember, null);
        }

        // 3
        if (member is null || member.AccountId != resource.Owner)
        {
            return decision.With(DecisionOutcome.NotAMember, null);
        }

        var rights = PolicyEvaluator.Evaluate(member.Policies, TokenConditions.None, permission, resource, caller, now);
        return rights.Outcome switch
        {
            DecisionOutcome.Allowed => decision,
            DecisionOutcome.Denied => decision.With(DecisionOutcome.DeniedToMember, rights.PolicyId),
            _ => decision.With(DecisionOutcome.NotAllowedToMember, null),
        };
    }

    /// <summary>
    /// Whether everything that a grant allows in an account is held by whoever makes it by a user's token: it is within the
    /// token, and within the user. A session stands for the user himself, so that what it makes may outlive it.
    /// </summary>
    /// <param name="grant">What is to be granted: of a token that is made, or of a member.</param>
    /// <param name="grantConditions">Under which conditions.</param>
    /// <param name="maker">The user's token.</param>
    /// <param name="member">The user's rights in the account; null: no member there, who holds nothing.</param>
    public static bool IsWithin(CompiledPolicies grant, TokenConditions grantConditions, KnownToken maker, MemberRights? member)
    {
        Check(maker, member);
        return IsWithin(grant, grantConditions, maker)
            && member is not null
            && PolicyEvaluator.IsWithin(grant, grantConditions, member.Policies, TokenConditions.None);
    }

    /// <summary>
    /// Whether everything that a grant allows is held by the user's token that makes it, where the same user is to own what is
    /// made: whatever he may not do himself is kept from it whenever it is used.
    /// </summary>
    /// <inheritdoc cref="IsWithin(CompiledPolicies, TokenConditions, KnownToken, MemberRights)"/>
    public static bool IsWithin(CompiledPolicies grant, TokenConditions grantConditions, KnownToken maker)
    {
        Check(maker, null);
        return maker.Rights is { } rights && PolicyEvaluator.IsWithin(grant, grantConditions, rights.Policies, ConditionsOf(maker, rights));
    }

    // A session stands for the user himself.
    private static TokenConditions ConditionsOf(KnownToken maker, TokenRights rights) => maker.Record.IsSession ? TokenConditions.None : rights.Conditions;

    /// <summary>Everything that is a user's, in policies: himself, and every account in which he is a member.</summary>
    public static IReadOnlyList<Policy> EverythingOf(string userId) =>
    [
        Everything("user", PermissionGroups.UserScope, ResourceName.User(userId)),
        Everything("accounts", PermissionGroups.AccountScope, ResourceName.AllAccounts),
    ];

    /// <summary>The same, compiled.</summary>
    public static CompiledPolicies Everything(string userId) =>
        CompiledPolicies.TryCompile(EverythingOf(userId), out var all, out _) ? all : CompiledPolicies.None;

    private static Policy Everything(string id, string scope, ResourceName on) => new(
        id, PolicyEffect.Allow, [.. PermissionGroups.OfScope(scope).Select(static one => one.Id)], new Dictionary<string, string> { [on.ToString()] = "*" });

    private static void Check(KnownToken token, MemberRights? member)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Owner.Kind != TokenKind.User)
        {
            throw new ArgumentException("The token is an account's; it is confined by nothing but itself.", nameof(token));
        }

        if (member is not null && member.Member.UserId != token.Owner.OwnerId)
        {
            throw new ArgumentException("The rights are another user's.", nameof(member));
        }
    }
}
