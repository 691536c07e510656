using Skerry.Accounts.Members;
using Skerry.Accounts.Users;
using Skerry.Objects;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Members;

/// <summary>In which accounts the user of the token is a member, and his invitations.</summary>
internal sealed class MembershipRoutes(DurableObjectNamespace<IUser> users)
{
    private const string Accepted = "accepted";
    private const string Rejected = "rejected";

    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("user-s-account-memberships-list-memberships", List);
        routes.Add("user-s-account-memberships-membership-details", Show);
        routes.Add("user-s-account-memberships-update-membership", Update);
        routes.Add("user-s-account-memberships-delete-membership", Delete);
    }

    private async Task List(HttpContext http)
    {
        var paging = Paging.Of(http);
        var status = Query.Word(http, "status", Accepted, "pending");
        var all = (await Own(http).ListMemberships()).Where(one => status is null || MemberResult.StatusOf(one.Member) == status).ToList();
        var page = all.Skip(paging.Skip).Take(paging.PerPage).Select(MembershipResult.Of).ToList();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeIReadOnlyListMembershipResult, page, paging.Info(page.Count, all.Count));
    }

    private async Task Show(HttpContext http) => await Answer(http, await FindAsync(http));

    private async Task Update(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.MembershipRequest);
        var found = await FindAsync(http);
        if (request.Status == Rejected)
        {
            (await Own(http).LeaveMembership(found.Member.Id, http.Actor())).OrRefuse();
            await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeMembershipResult, MembershipResult.Of(found) with { Status = Rejected });
            return;
        }

        if (request.Status != Accepted)
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest,
                [new(ErrorCodes.InvalidBody, $"status: \"{request.Status}\" is not accepted; accepted is {Accepted} or {Rejected}.", ErrorSource.OfPath("status"))]);
        }

        var member = (await Own(http).AcceptMembership(found.Member.Id, http.Actor())).OrRefuse();
        await Answer(http, found with { Member = member });
    }

    private async Task Delete(HttpContext http)
    {
        var left = (await Own(http).LeaveMembership((string)http.Request.RouteValues["membership_id"]!, http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeIdResult, new(left.Id));
    }

    private IUser Own(HttpContext http) => users.GetByName(http.Token().Owner.OwnerId);

    private async Task<Membership> FindAsync(HttpContext http)
    {
        var id = (string)http.Request.RouteValues["membership_id"]!;
        return await Own(http).FindMembership(id)
            ?? throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, "There is no membership with this id; list the memberships to see their ids.");
    }

    private static Task Answer(HttpContext http, Membership membership) =>
        EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeMembershipResult, MembershipResult.Of(membership));
}
