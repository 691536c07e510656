using Skerry.Accounts;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;
using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Lets a request through if its token may do what its operation needs, as the API's document says. What is refused is
/// refused before anything is looked up, so that a refusal tells nothing about what there is.
/// </summary>
internal sealed class Authorization(Authorizer authorizer)
{
    /// <summary>The middleware, behind <see cref="Authentication"/>.</summary>
    public async Task Invoke(HttpContext http, RequestDelegate next)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<ApiOperation>() is not { IsOpen: false } operation)
        {
            await next(http);
            return;
        }

        var token = http.Token();
        if (operation.IsOfUser && token.Owner.Kind != TokenKind.User)
        {
            await EnvelopeResponse.Error(
                http, StatusCodes.Status403Forbidden, ErrorCodes.AccountToken, "This is about a user, and the token is an account's; use a token of the user (its value begins with sku_).");
            return;
        }

        var decision = await DecideAsync(operation, token, http);
        if (decision is { } refused)
        {
            await EnvelopeResponse.Error(http, StatusCodes.Status403Forbidden, CodeOf(refused), $"Authentication error: {refused} Needed: {operation.Wanted}.");
            return;
        }

        await next(http);
    }

    // Null if it may.
    private async ValueTask<Decision?> DecideAsync(ApiOperation operation, KnownToken token, HttpContext http)
    {
        // Whoever needs no permission has to have a token that can be used now, all the same.
        if (operation.Needs.Count == 0)
        {
            var usable = authorizer.DecideUse(token, http.Address());
            return usable.IsAllowed ? null : usable;
        }

        var resource = operation.ResourceOf((string?)http.Request.RouteValues[ApiOperation.AccountParameter], token.Owner.OwnerId);
        Decision decision = default;
        foreach (var need in operation.Needs)
        {
            decision = await authorizer.DecideAsync(token, need, resource, http.Address());
            if (decision.IsAllowed)
            {
                return null;
            }
        }

        return decision;
    }

    private static int CodeOf(Decision decision) => decision.Outcome switch
    {
        DecisionOutcome.Disabled or DecisionOutcome.Expired or DecisionOutcome.NotYetValid or DecisionOutcome.AddressExcluded or DecisionOutcome.AddressNotListed =>
            ErrorCodes.TokenNotUsable,
        _ => ErrorCodes.Authentication,
    };
}
