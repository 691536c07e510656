using System.Net;
using Skerry.Accounts;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Server.Credentials;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

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
        if ((operation.IsOfUser || operation.IsForUsers) && token.Owner.Kind != TokenKind.User)
        {
            return Access.Refused(ErrorCodes.AccountToken, "This is about a user, and the token is an account's; use a token of the user (its value begins with sku_).");
        }

        if (accountId is not null && !ResourceId.IsOne(accountId))
        {
            return Access.Refused(ErrorCodes.Authentication, $"account_id: it is no id; accepted are {ResourceId.Chars} hexadecimal digits in lower case.");
        }

        // Whoever asks what his token is good for is told so, also if it is nothing.
        if (operation.IsVerification)
        {
            return Access.Allowed("Every token may ask about itself.");
        }

        var use = authorizer.DecideUse(token, caller);
        if (!use.IsAllowed)
        {
            return Access.Of(use, ErrorCodes.TokenNotUsable);
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

        if (await DecideNeedsAsync(operation, token, accountId is null ? operation.ResourceOf(token.Owner.OwnerId) : ResourceName.Account(accountId), caller) is var found && !found.IsAllowed)
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

    private async ValueTask<Access> DecideNeedsAsync(ApiOperation operation, KnownToken token, ResourceName resource, IPAddress? caller)
    {
        if (operation.Needs.Count == 0)
        {
            return Access.Allowed("Every token that can be used now may do it.");
        }

        Decision first = default;
        for (var i = 0; i < operation.Needs.Count; i++)
        {
            var decision = await authorizer.DecideAsync(token, operation.Needs[i], resource, caller);
            if (decision.IsAllowed)
            {
                return Access.Of(decision, 0);
            }

            first = i == 0 ? decision : first;
        }

        return Access.Of(first, ErrorCodes.Authentication);
    }

    private static CompiledPolicies Everything(string accountId) =>
        CompiledPolicies.TryCompile([RoleTable.SuperAdministrator.ToPolicy(accountId)], out var compiled, out _) ? compiled : CompiledPolicies.None;
}
