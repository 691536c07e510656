using System.Security.Cryptography;
using Skerry.Accounts;
using Skerry.Accounts.Members;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Objects;
using Skerry.Server.Credentials;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Accounts;

/// <summary>Accounts, and the roles that members can have in them.</summary>
internal sealed class AccountRoutes(
    DurableObjectNamespace<IAccount> accounts, DurableObjectNamespace<IUser> users, ClusterAccount cluster, RandomNumberGenerator random)
{
    private const int NameCharsMax = 120;

    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("accounts-list-accounts", List);
        routes.Add("account-creation", Create);
        routes.Add("accounts-account-details", Show);
        routes.Add("account-roles-list-roles", ListRoles);
        routes.Add("account-roles-role-details", ShowRole);
    }

    private async Task List(HttpContext http)
    {
        var paging = Paging.Of(http);
        var token = http.Token();
        List<AccountInfo> found = token.Owner.Kind == TokenKind.Account
            ? await accounts.GetByName(token.Owner.OwnerId).Get() is { } own ? [own] : []
            : [.. (await users.GetByName(token.Owner.OwnerId).ListMemberships()).Where(static one => one.Member.Status == MemberStatus.Accepted).Select(static one => one.Account)];
        found.RemoveAll(one => token.Rights?.Policies.Touches(ResourceName.Account(one.Id)) != true);
        var page = found.Skip(paging.Skip).Take(paging.PerPage).Select(AccountResult.Of).ToList();
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListAccountResult,
            page,
            paging.Info(page.Count, found.Count));
    }

    // The operators are the members of the cluster's first account; whoever makes an account is its first member.
    private async Task Create(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.AccountRequest);
        var token = http.Token();
        if (request.Name is null or { Length: 0 or > NameCharsMax } || request.Name.Any(char.IsControl))
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest,
                [new(ErrorCodes.InvalidBody, $"name: it is missing, too long, or has control characters; accepted: 1 to {NameCharsMax} characters.", ErrorSource.OfPath("name"))]);
        }

        var id = IdempotencyKey.FindId(http) ?? random.NewId();
        await accounts.GetByName((await cluster.OpenAsync()).AccountId).Record("attempt_create", "account", id, null, http.Actor());
        var made = await accounts.GetByName(id).Create(request.Name, http.Actor());
        if (made.Name != request.Name)
        {
            throw IdempotencyKey.Reused();
        }

        (await users.GetByName(token.Owner.OwnerId).JoinAsFirstMember(id, http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeAccountResult, AccountResult.Of(made));
    }

    private async Task Show(HttpContext http)
    {
        var account = await accounts.GetByName(http.AccountId()).Get()
            ?? throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, "There is no account with this id.");
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeAccountResult, AccountResult.Of(account));
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
}
