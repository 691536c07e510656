using Skerry.Server.Credentials;

namespace Skerry.Server.Management;

/// <summary>The token and the account it belongs to.</summary>
internal sealed class AccountRoutes(AccountCredentials credentials)
{
    // The number that the public API gives this notice; wrangler prints the sentence.
    private static readonly ApiMessage Valid = new(10000, "This API Token is valid and active");

    /// <summary>Adds the routes to <paramref name="api"/>.</summary>
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/user/tokens/verify", VerifyToken);
        api.MapGet("/accounts", ListAccounts);
    }

    private Task VerifyToken(HttpContext http) => EnvelopeResponse.Success(
        http, ManagementJson.Readable.EnvelopeTokenResult, new(credentials.TokenId, "active"), null, Valid);

    private Task ListAccounts(HttpContext http) => EnvelopeResponse.Success(
        http,
        ManagementJson.Readable.EnvelopeIReadOnlyListAccountResult,
        [new(credentials.AccountId, AccountCredentials.AccountName, "standard")],
        new() { Count = 1, Page = 1, PerPage = 20, TotalCount = 1, TotalPages = 1 });
}
