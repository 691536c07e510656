using Skerry.Accounts.Tokens;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Lets a request through if its token may do what its operation needs. It is asked twice of a request with a body: a body can
/// be sent slowly, and by the time it is there the token may have ended.
/// </summary>
internal sealed class Authorization(OperationAccess access, Authentication authentication, RequestRates rates)
{
    // Those of objects and roles are checked by who finds them.
    private static readonly string[] Ids = ["token_id", "member_id", "membership_id", "user_id", "session_id", "passkey_id"];

    /// <summary>The middleware, behind <see cref="Authentication"/>.</summary>
    public async Task Invoke(HttpContext http, RequestDelegate next)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<ApiOperation>() is not { IsOpen: false } operation)
        {
            await next(http);
            return;
        }

        await RequireAsync(http, operation, http.Token());
        rates.RequireChange(operation, http.Token());
        foreach (var name in Ids)
        {
            if (http.Request.RouteValues.TryGetValue(name, out var id) && !ResourceId.IsOne((string)id!))
            {
                throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, $"{name}: it is no id; accepted are {ResourceId.Chars} hexadecimal digits in lower case.");
            }
        }

        http.Features.Set(new RequestGuard(async () =>
        {
            var token = await authentication.FindAsync(http)
                ?? throw new RequestException(StatusCodes.Status401Unauthorized, ErrorCodes.Authentication, "Authentication error: the token has ended while the request was sent.");
            await RequireAsync(http, operation, token);
            http.Features.Set(token);
        }));
        await next(http);
    }

    private async ValueTask RequireAsync(HttpContext http, ApiOperation operation, KnownToken token)
    {
        var decision = await access.DecideAsync(operation, token, http.FindAccountId(), http.Address());
        if (!decision.IsAllowed)
        {
            throw new RequestException(StatusCodes.Status403Forbidden, decision.Code, $"Authentication error: {decision.Reason} Needed: {operation.Wanted}.");
        }
    }
}
