using System.Security.Cryptography;
using Skerry.Accounts;
using Skerry.Accounts.Members;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Users;
using Skerry.Objects;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Members;

/// <summary>
/// The members of an account. Whoever invites, changes or removes one has to hold everything that the member may do, before
/// and after: else somebody who may manage members would be everything that a member can be.
/// </summary>
internal sealed class MemberRoutes(
    DurableObjectNamespace<IAccount> accounts, DurableObjectNamespace<IUser> users, Authorizer authorizer, RandomNumberGenerator random)
{
    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("account-members-list-members", List);
        routes.Add("account-members-add-member", Invite);
        routes.Add("account-members-member-details", Show);
        routes.Add("account-members-update-member", Update);
        routes.Add("account-members-remove-member", Remove);
    }

    private async Task List(HttpContext http)
    {
        var paging = Paging.Of(http);
        var page = await Account(http).ListMembers(paging.Skip, paging.PerPage);
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListMemberResult,
            await Task.WhenAll(page.Members.Select(ToResult)),
            paging.Info(page.Members.Count, page.Total));
    }

    private async Task Invite(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.MemberRequest);
        var settings = request.ToSettings(http.AccountId(), random);
        await RequireHeldAsync(http, settings);
        await Answer(http, (await Account(http).InviteMember(request.Email ?? "", settings, http.Actor())).OrRefuse());
    }

    private async Task Show(HttpContext http)
    {
        var member = await FindAsync(http);
        if (!VersionTag.IsUnchanged(http, member.Version))
        {
            await Answer(http, member);
        }
    }

    private async Task Update(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.MemberRequest);
        var settings = request.ToSettings(http.AccountId(), random);
        var member = await FindAsync(http);
        VersionTag.Require(http, member.Version);
        await RequireHeldAsync(http, member.Settings);
        await RequireHeldAsync(http, settings);
        await Answer(http, (await Account(http).UpdateMember(member.Id, settings, member.Version, http.Actor())).OrRefuse());
    }

    private async Task Remove(HttpContext http)
    {
        var member = await FindAsync(http);
        VersionTag.Require(http, member.Version);
        await RequireHeldAsync(http, member.Settings);
        (await Account(http).RemoveMember(member.Id, member.Version, http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeIdResult, new(member.Id));
    }

    private IAccount Account(HttpContext http) => accounts.GetByName(http.AccountId());

    private async Task<MemberRecord> FindAsync(HttpContext http) => await Account(http).GetMember((string)http.Request.RouteValues["member_id"]!)
        ?? throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, "There is no member with this id here; list the members to see their ids.");

    private async Task RequireHeldAsync(HttpContext http, MemberSettings settings)
    {
        if (!MemberRights.TryCompile(http.AccountId(), settings, out var policies, out _)
            || !await authorizer.HoldsAsync(http.Token(), policies, TokenConditions.None, http.AccountId()))
        {
            throw new RequestException(
                StatusCodes.Status403Forbidden,
                ErrorCodes.Escalation,
                "The member is or would be stronger than the token of this request, or than the user whose it is; nobody gives or takes more than he holds.");
        }
    }

    private async Task Answer(HttpContext http, MemberRecord member)
    {
        VersionTag.Set(http, member.Version);
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeMemberResult, await ToResult(member));
    }

    private async Task<MemberResult> ToResult(MemberRecord member) =>
        MemberResult.Of(member, member.UserId is { } id ? await users.GetByName(id).Get() : null);
}
