using System.Security.Cryptography;
using Skerry.Accounts;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Users;
using Skerry.Accounts.Users.Sessions;
using Skerry.Objects;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Audit;
using Skerry.Server.Management.Requests;
using Skerry.Server.Management.Tokens;

namespace Skerry.Server.Management.Users;

/// <summary>The user whose token is sent: profile, password, second factor, sessions; and signing in, which takes no token.</summary>
internal sealed class UserRoutes(DurableObjectNamespace<IUser> users, UserRegistry registry, SignInRates rates)
{
    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("user-user-details", Show);
        routes.Add("user-edit-user", Edit);
        routes.Add("skerry-user-delete", Delete);
        routes.Add("skerry-user-change-password", ChangePassword);
        routes.Add("skerry-user-begin-two-factor", BeginTwoFactor);
        routes.Add("skerry-user-confirm-two-factor", ConfirmTwoFactor);
        routes.Add("skerry-user-disable-two-factor", DisableTwoFactor);
        routes.Add("skerry-user-list-sessions", ListSessions);
        routes.Add("skerry-user-end-session", EndSession);
        routes.Add("skerry-user-audit-logs", ListAudit);
        routes.Add("skerry-sign-in", SignIn);
    }

    private IUser Own(HttpContext http) => users.GetByName(http.Token().Owner.OwnerId);

    private async Task Show(HttpContext http) => await Answer(http, await FindAsync(http));

    private async Task<UserInfo> FindAsync(HttpContext http) => await Own(http).Get()
        ?? throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, "The user is not there any more.");

    private async Task Edit(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.ProfileRequest);
        var now = await FindAsync(http);
        await Answer(http, (await Own(http).UpdateProfile(request.FirstName.Or("first_name", now.FirstName), request.LastName.Or("last_name", now.LastName), http.Actor())).OrRefuse());
    }

    private async Task Delete(HttpContext http)
    {
        var gone = (await Own(http).Delete(http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeIdResult, new(gone.Id));
    }

    private async Task ChangePassword(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.PasswordRequest);
        var token = http.Token().Record;
        await Answer(http, (await Own(http).ChangePassword(
            request.CurrentPassword, request.Password ?? "", token.IsSession ? token.Id : null, http.Actor(), request.EndTokens)).OrRefuse());
    }

    private async Task BeginTwoFactor(HttpContext http)
    {
        var begun = (await Own(http).BeginTwoFactor()).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeTwoFactorResult, new(begun.Secret, begun.Uri));
    }

    private async Task ConfirmTwoFactor(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.CodeRequest);
        var codes = (await Own(http).ConfirmTwoFactor(request.Code ?? "", http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeRecoveryCodesResult, new(codes.Codes));
    }

    private async Task DisableTwoFactor(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.PasswordRequest);
        await Answer(http, (await Own(http).DisableTwoFactor(request.CurrentPassword ?? request.Password ?? "", http.Actor())).OrRefuse());
    }

    private async Task ListSessions(HttpContext http)
    {
        var own = http.Token().Record.Id;
        var sessions = await Own(http).ListSessions();
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListSessionResult,
            [.. sessions.Select(one => new SessionResult(one.Id, one.CreatedOn, one.ExpiresOn, one.LastUsedOn, one.Address, one.UserAgent, one.Id == own))],
            new() { Count = sessions.Count, TotalCount = sessions.Count });
    }

    private async Task EndSession(HttpContext http)
    {
        var ended = (await Own(http).SignOut((string)http.Request.RouteValues["session_id"]!, http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeIdResult, new(ended.Id));
    }

    private Task ListAudit(HttpContext http) => AuditRoutes.Answer(http, Own(http), new(http.Token().Owner.OwnerId, ""));

    private async Task SignIn(HttpContext http)
    {
        rates.Require(http);
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.SignInRequest);
        await Answer(http, await registry.SignInAsync(request.Email ?? "", request.Password ?? "", request.Code, http.ActorOf(ActorKind.User, null)));
    }

    /// <summary>Answers with a session just begun, or with why there is none.</summary>
    public static async Task Answer(HttpContext http, Answer<CreatedSession> answer)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (answer.Fault is AccountsFault.NotProved or AccountsFault.CodeNeeded)
        {
            throw new RequestException(
                StatusCodes.Status401Unauthorized, answer.Fault == AccountsFault.CodeNeeded ? ErrorCodes.CodeNeeded : ErrorCodes.NotProved, answer.Message ?? "");
        }

        var begun = answer.OrRefuse();
        await EnvelopeResponse.Success(
            http, ManagementJson.Readable.EnvelopeSignInResult, new(begun.UserId, begun.Session.Id, begun.Value, begun.Session.ExpiresOn));
    }

    private static Task Answer(HttpContext http, UserInfo user) =>
        EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeUserResult, UserResult.Of(user));
}
