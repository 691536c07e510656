using Skerry.Accounts;
using Skerry.Accounts.Roles;
using Skerry.Objects;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Accounts;

/// <summary>Accounts, and the roles that members can have in them.</summary>
internal sealed class AccountRoutes(DurableObjectNamespace<IAccount> accounts)
{
    private const string StandardType = "standard";

    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("accounts-list-accounts", List);
        routes.Add("accounts-account-details", Show);
        routes.Add("account-roles-list-roles", ListRoles);
        routes.Add("account-roles-role-details", ShowRole);
    }

    private async Task List(HttpContext http)
    {
        var paging = Paging.Of(http);
        List<AccountResult> found = await accounts.GetByName(http.Token().Owner.OwnerId).Get() is { } account ? [ToResult(account)] : [];
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListAccountResult,
            [.. found.Skip(paging.Skip).Take(paging.PerPage)],
            paging.Info(found.Skip(paging.Skip).Take(paging.PerPage).Count(), found.Count));
    }

    private async Task Show(HttpContext http)
    {
        var account = await accounts.GetByName(http.AccountId()).Get()
            ?? throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, "There is no account with this id.");
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeAccountResult, ToResult(account));
    }

    private static Task ListRoles(HttpContext http)
    {
        var paging = Paging.Of(http);
        var page = RoleTable.All.Skip(paging.Skip).Take(paging.PerPage).Select(RoleResult.Of).ToList();
        return EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeIReadOnlyListRoleResult, page, paging.Info(page.Count, RoleTable.All.Count));
    }

    private static Task ShowRole(HttpContext http)
    {
        var role = RoleTable.Find((string)http.Request.RouteValues["role_id"]!)
            ?? throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, "There is no role with this id; list the roles to see their ids.");
        return EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeRoleResult, RoleResult.Of(role));
    }

    private static AccountResult ToResult(AccountInfo account) => new(account.Id, account.Name, StandardType, account.CreatedOn);
}
