using System.Text.Json;
using Skerry.Accounts;
using Skerry.Accounts.Users;
using Skerry.Objects;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Users;

/// <summary>
/// The users of the cluster, whom its operators make and delete: the super administrators of the account that the cluster began
/// with. There is no mail by which anybody could prove an address, and whoever has an address has the invitations to it, so
/// only operators give addresses. What they do is in their account's log, before it is done.
/// </summary>
internal sealed class ClusterUserRoutes(
    DurableObjectNamespace<IUser> users, DurableObjectNamespace<IAccount> accounts, UserRegistry registry)
{
    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("skerry-users-create", Create);
        routes.Add("skerry-users-find", Find);
        routes.Add("skerry-users-change-email", ChangeEmail);
        routes.Add("skerry-users-delete", Delete);
    }

    private async Task Create(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.NewUserRequest);
        await RecordAsync(http, "create", "new", request.Email);
        var made = (await registry.RegisterAsync(new(request.Email ?? "", request.Password, request.FirstName, request.LastName), http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeUserResult, UserResult.Of(made));
    }

    private async Task Find(HttpContext http)
    {
        var email = Query.Text(http, "email") ?? throw Query.NotAccepted("email", null, "the e-mail address of a user");
        var user = await registry.FindByEmailAsync(email) is { } id ? await users.GetByName(id).Get() : null;
        await EnvelopeResponse.Success(
            http, ManagementJson.Readable.EnvelopeIReadOnlyListUserResult, user is null ? [] : [UserResult.Of(user)], new() { Count = user is null ? 0 : 1 });
    }

    private async Task ChangeEmail(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.EmailRequest);
        await RecordAsync(http, "change_email", Id(http), request.Email);
        var changed = (await users.GetByName(Id(http)).ChangeEmail(request.Email ?? "", http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeUserResult, UserResult.Of(changed));
    }

    private async Task Delete(HttpContext http)
    {
        await RecordAsync(http, "delete", Id(http), null);
        var gone = (await users.GetByName(Id(http)).Delete(http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeIdResult, new(gone.Id));
    }

    private static string Id(HttpContext http) => (string)http.Request.RouteValues["user_id"]!;

    // What is no address is refused here already: it would fill the log.
    private Task RecordAsync(HttpContext http, string action, string id, string? email) =>
        email is not null && !EmailAddress.TryNormalize(email, out _, out var problem)
            ? throw new RequestException(StatusCodes.Status400BadRequest, [new(ErrorCodes.InvalidBody, problem, ErrorSource.OfPath("email"))])
            : accounts.GetByName(http.AccountId()).Record(
        $"attempt_{action}", "user", id, email is null ? null : JsonSerializer.Serialize(new(email), ManagementJson.Readable.EmailRequest), http.Actor());
}
