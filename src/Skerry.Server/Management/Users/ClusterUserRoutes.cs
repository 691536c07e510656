using Skerry.Accounts;
using Skerry.Accounts.Users;
using Skerry.Objects;
using Skerry.Server.Credentials;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Users;

/// <summary>
/// The users of the cluster, whom its operators make and delete: those who may manage the members of the account that the
/// cluster began with. There is no mail by which anybody could prove an address, so nobody registers himself.
/// </summary>
internal sealed class ClusterUserRoutes(DurableObjectNamespace<IUser> users, UserRegistry registry, ClusterAccount cluster)
{
    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("skerry-users-create", Create);
        routes.Add("skerry-users-find", Find);
        routes.Add("skerry-users-delete", Delete);
    }

    private async Task Create(HttpContext http)
    {
        await cluster.RequireAsync(http);
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.NewUserRequest);
        var made = (await registry.RegisterAsync(new(request.Email ?? "", request.Password, request.FirstName, request.LastName), http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeUserResult, UserResult.Of(made));
    }

    private async Task Find(HttpContext http)
    {
        await cluster.RequireAsync(http);
        var email = Query.Text(http, "email") ?? throw Query.NotAccepted("email", null, "the e-mail address of a user");
        var user = await registry.FindByEmailAsync(email) is { } id ? await users.GetByName(id).Get() : null;
        await EnvelopeResponse.Success(
            http, ManagementJson.Readable.EnvelopeIReadOnlyListUserResult, user is null ? [] : [UserResult.Of(user)], new() { Count = user is null ? 0 : 1 });
    }

    private async Task Delete(HttpContext http)
    {
        await cluster.RequireAsync(http);
        var gone = (await users.GetByName((string)http.Request.RouteValues["user_id"]!).Delete(http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeIdResult, new(gone.Id));
    }
}
