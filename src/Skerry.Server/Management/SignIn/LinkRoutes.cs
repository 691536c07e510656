using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Objects;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.SignIn;

/// <summary>The identities at another sign-in that are linked to the user whose token is sent.</summary>
internal sealed class LinkRoutes(DurableObjectNamespace<IUser> users, ILogger<LinkRoutes> logger, OidcFlow? flow = null)
{
    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("skerry-user-list-links", List);
        routes.Add("skerry-user-begin-link", Begin);
        routes.Add("skerry-user-remove-link", Remove);
    }

    private async Task List(HttpContext http)
    {
        var links = await Own(http).ListLinks();
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListLinkResult,
            [.. links.Select(static one => new LinkResult(one.Issuer, one.Subject))],
            new() { Count = links.Count, TotalCount = links.Count });
    }

    private async Task Begin(HttpContext http)
    {
        if (flow is null)
        {
            throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, "Sign-in by OpenID Connect is not set up here; the operator has to set sign_in.oidc_issuer.");
        }

        string url;
        try
        {
            url = await flow.BeginAsync(http, http.TokenHash());
        }
        catch (OidcException e)
        {
            logger.OidcFailed(e.InnerException, http.RequestId(), e.Message);
            throw new RequestException(StatusCodes.Status503ServiceUnavailable, ErrorCodes.Unavailable, e.Message);
        }

        http.Response.Headers.CacheControl = "no-store";
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeBegunLinkResult, new(url));
    }

    private async Task Remove(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.LinkResult);
        var removed = (await Own(http).Unlink(new(request.Issuer ?? "", request.Subject ?? ""), http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeLinkResult, new(removed.Issuer, removed.Subject));
    }

    private IUser Own(HttpContext http) => users.GetByName(http.Token().Owner.OwnerId);
}
