using Skerry.Accounts;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Objects;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;
using Skerry.Storage;

namespace Skerry.Server.Management.SignIn;

/// <summary>
/// Where browsers begin and end a sign-in by OpenID Connect. Both ends lead to the sign-in page, which is told what became of
/// it in the fragment: that is sent to no server, and stands in nobody's log.
/// </summary>
internal sealed class OidcRoutes(
    DurableObjectNamespace<IUser> users, Authorizer authorizer, OperationAccess access, LinkedSignIn signIn, ILogger<OidcRoutes> logger, OidcFlow? flow = null)
{
    // The end is permitted as the beginning was.
    private static readonly ApiOperation BeginLink = ApiDocument.Operations.Single(static one => one.Id == "skerry-user-begin-link");

    /// <summary>Adds the routes.</summary>
    public void MapTo(IEndpointRouteBuilder routes)
    {
        routes.MapMethods(SignInAddress.BeginPath, [HttpMethods.Get], http => LeadOn(http, Begin));
        routes.MapMethods(SignInAddress.CallbackPath, [HttpMethods.Get], http => LeadOn(http, End));
        routes.MapMethods("/sign-in/methods", [HttpMethods.Get], ShowMethods);
    }

    private Task ShowMethods(HttpContext http) => http.Response.WriteAsJsonAsync(
        new(Password: true, Passkeys: true, flow is null ? null : new(flow.ProviderName)), ManagementJson.Readable.SignInMethodsResult, null, http.RequestAborted);

    // Another site's page has no reason to begin one, and where the provider does not ask, it would end at once.
    private async Task<string> Begin(HttpContext http, OidcFlow flow) => http.Request.Headers["Sec-Fetch-Site"].ToString() is "" or "none" or "same-origin"
        ? await flow.BeginAsync(http, null)
        : Refuse(http, "Another site's page has sent you here; sign in on this page.");

    private async Task<string> End(HttpContext http, OidcFlow flow)
    {
        var (identity, linkTo, tab) = await flow.EndAsync(http);
        if (linkTo is { } token)
        {
            return await LinkAsync(http, identity.Link, token) is { Value: null } refused ? Refuse(http, refused.Message) : PageWith("linked", identity.Link.Subject, tab);
        }

        var answer = await signIn.SignInAsync(identity, http.ActorOf(ActorKind.User, null));
        return answer.Value is { } session ? PageWith("session", session.Value, tab) : Refuse(http, answer.Message);
    }

    // By the token that has begun it, as it is now: it may have ended since, or may be used from elsewhere only.
    private async Task<Answer<UserLink>> LinkAsync(HttpContext http, UserLink link, TokenHash hash)
    {
        if (await authorizer.FindAsync(hash) is not { Owner: { Kind: TokenKind.User, OwnerId: var id } } token
            || !(await access.DecideAsync(BeginLink, token, null, http.Address())).IsAllowed)
        {
            return new(null, AccountsFault.NotProved, "The session in which this was begun has ended; sign in and begin again.");
        }

        http.Features.Set(token);
        return await users.GetByName(id).Link(link, http.Actor());
    }

    private async Task LeadOn(HttpContext http, Func<HttpContext, OidcFlow, Task<string>> step)
    {
        string to;
        try
        {
            to = flow is null ? PageWith("problem", "Sign-in by OpenID Connect is not set up here.") : await step(http, flow);
        }
        catch (Exception e) when (e is OidcException { InnerException: null } or RequestException)
        {
            to = Refuse(http, e.Message);
        }
        catch (OidcException e)
        {
            logger.OidcFailed(e.InnerException, http.RequestId(), e.Message);
            to = PageWith("problem", e.Message);
        }
        catch (Exception e) when (e is DurableObjectException or StorageException or TimeoutException)
        {
            logger.OidcFailed(e, http.RequestId(), "users cannot be had now");
            to = PageWith("problem", "Users cannot be had at this moment; try again.");
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["Referrer-Policy"] = "no-referrer";
        http.Response.Redirect(to);
    }

    private string Refuse(HttpContext http, string? problem)
    {
        logger.OidcRefused(http.RequestId(), problem ?? "");
        return PageWith("problem", problem ?? "It was refused.");
    }

    private static string PageWith(string name, string value, string? tab = null) =>
        $"{SignInAddress.PagePath}#{name}={Uri.EscapeDataString(value)}{(tab is null ? "" : $"&tab={tab}")}";
}
