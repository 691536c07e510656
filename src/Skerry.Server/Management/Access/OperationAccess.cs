using System.Net;
using Skerry.Accounts;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Server.Credentials;
using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Whether a token may call an operation: everything that the API's document says of it, in one place, for those who call and
/// for those who ask why. What is refused is refused before anything is looked up, so that a refusal tells nothing about what
/// there is.
/// </summary>
internal sealed class OperationAccess(Authorizer authorizer, ClusterAccount cluster)
{
    /// <summary>Decides on one call.</summary>
    /// <param name="operation">What is called; none that is open.</param>
    /// <param name="token">The token that the call carries.</param>
    /// <param name="accountId">The account in the path; null if the path has none.</param>
    /// <param name="caller">Where it comes from; null if that is unknown.</param>
    public async ValueTask<Access> DecideAsync(ApiOperation operation, KnownToken token, string? accountId, IPAddress? caller)
    {
        if (operation.IsOfUser && token.Owner.Kind != TokenKind.User)
        {
            return Access.Refused(ErrorCodes.AccountToken, "This is about a user, and the token is an account's; use a token of the user (its value begins with sku_).");
        }

        // Whoever asks what his token is good for is told so, also if it is nothing.
        if (operation.IsVerification)
        {
            return new(true, 0, "Every token may ask about itself.", null);
        }

        var use = authorizer.DecideUse(token, caller);
        if (!use.IsAllowed)
        {
            return Access.Refused(ErrorCodes.TokenNotUsable, use.ToString());
        }

        if (operation.IsOfCluster && !NodeToken.IsOne(token))
        {
            var first = (await cluster.OpenAsync()).AccountId;
            if (accountId is not null && accountId != first)
            {
                return Access.Refused(ErrorCodes.Authentication, "This is for the operators of the cluster, who are the members of its first account.");
            }

            accountId = first;
        }

        if (await DecideAsync(operation, token, accountId is null ? operation.ResourceOf(token.Owner.OwnerId) : ResourceName.Account(accountId), caller) is var found && !found.IsAllowed)
        {
            return found;
        }

        if (operation.IsForWholeUser && !await authorizer.HoldsAsync(token, UserRights.Everything(token.Owner.OwnerId), TokenConditions.None, accountId: null))
        {
            return Access.Refused(ErrorCodes.Escalation, "It gives the whole user into somebody's hands, so it takes a session, or a token that may do everything that the user may.");
        }

        if (operation.IsForSuperAdministrators && !await authorizer.HoldsAsync(token, Everything(accountId!), TokenConditions.None, accountId))
        {
            return Access.Refused(ErrorCodes.Escalation, "It gives the power over users, so it takes a token that may do everything that a super administrator of the account may.");
        }

        return found;
    }

    private async ValueTask<Access> DecideAsync(ApiOperation operation, KnownToken token, ResourceName resource, IPAddress? caller)
    {
        if (operation.Needs.Count == 0)
        {
            return new(true, 0, "Every token that can be used now may do it.", null);
        }

        Decision first = default;
        for (var i = 0; i < operation.Needs.Count; i++)
        {
            var decision = await authorizer.DecideAsync(token, operation.Needs[i], resource, caller);
            if (decision.IsAllowed)
            {
                return new(true, 0, decision.ToString, decision.PolicyId);
            }

            first = i == 0 ? decision : first;
        }

        return new(false, ErrorCodes.Authentication, first.ToString, first.PolicyId);
    }

    private static CompiledPolicies Everything(string accountId) =>
        CompiledPolicies.TryCompile([RoleTable.SuperAdministrator.ToPolicy(accountId)], out var compiled, out _) ? compiled : CompiledPolicies.None;
}
