using System.Text.Json;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Users;
using Skerry.Accounts.Users.Passkeys;
using Skerry.Objects;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Users;

/// <summary>Passkeys (WebAuthn): the user's own, and signing in by one, which takes no token.</summary>
internal sealed class PasskeyRoutes(DurableObjectNamespace<IUser> users, UserRegistry registry, SignInRates rates)
{
    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("skerry-user-list-passkeys", List);
        routes.Add("skerry-user-begin-passkey", Begin);
        routes.Add("skerry-user-add-passkey", Add);
        routes.Add("skerry-user-rename-passkey", Rename);
        routes.Add("skerry-user-remove-passkey", Remove);
        routes.Add("skerry-sign-in-begin-passkey", BeginSignIn);
        routes.Add("skerry-sign-in-by-passkey", SignIn);
    }

    private async Task List(HttpContext http)
    {
        var passkeys = await Own(http).ListPasskeys();
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListPasskeyResult,
            [.. passkeys.Select(PasskeyResult.Of)],
            new() { Count = passkeys.Count, TotalCount = passkeys.Count });
    }

    private async Task Begin(HttpContext http) => await Answer(http, (await Own(http).BeginPasskey()).OrRefuse());

    private async Task Add(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.PasskeyAnswerRequest);
        await Answer(http, (await Own(http).AddPasskey(request.Name ?? "", request.Response.ToJson(), http.Actor())).OrRefuse());
    }

    private async Task Rename(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.PasskeyAnswerRequest);
        await Answer(http, (await Own(http).RenamePasskey(Id(http), request.Name ?? "", http.Actor())).OrRefuse());
    }

    private async Task Remove(HttpContext http)
    {
        var removed = (await Own(http).RemovePasskey(Id(http), http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeIdResult, new(removed.Id));
    }

    private async Task BeginSignIn(HttpContext http)
    {
        rates.Require(http);
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.EmailRequest);
        await Answer(http, await registry.BeginPasskeySignInAsync(request.Email ?? ""));
    }

    private async Task SignIn(HttpContext http)
    {
        rates.Require(http);
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.PasskeySignInRequest);
        await UserRoutes.Answer(http, await registry.SignInByPasskeyAsync(request.Email ?? "", request.Response.ToJson(), http.ActorOf(ActorKind.User, null)));
    }

    private IUser Own(HttpContext http) => users.GetByName(http.Token().Owner.OwnerId);

    private static string Id(HttpContext http) => (string)http.Request.RouteValues["passkey_id"]!;

    private static Task Answer(HttpContext http, PasskeyRequest request) =>
        EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeJsonElement, JsonElement.Parse(request.Options));

    private static Task Answer(HttpContext http, PasskeyRecord passkey) =>
        EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopePasskeyResult, PasskeyResult.Of(passkey));
}

/// <summary>A passkey, as its user sees it.</summary>
internal sealed record PasskeyResult(string Id, string Name, DateTimeOffset CreatedOn, DateTimeOffset? LastUsedOn)
{
    /// <summary>What is shown of a passkey.</summary>
    public static PasskeyResult Of(PasskeyRecord passkey) => new(passkey.Id, passkey.Name, passkey.CreatedOn, passkey.LastUsedOn);
}

/// <summary>What an authenticator has answered, or another name.</summary>
internal sealed record PasskeyAnswerRequest(string? Name, JsonElement Response);

/// <summary>How somebody proves who he is by a passkey.</summary>
internal sealed record PasskeySignInRequest(string? Email, JsonElement Response);

/// <summary>What a browser sends, as it is.</summary>
internal static class AuthenticatorResponse
{
    /// <summary>The JSON; empty if there is none.</summary>
    public static string ToJson(this JsonElement response) => response.ValueKind == JsonValueKind.Undefined ? "" : response.GetRawText();
}
