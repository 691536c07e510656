using Skerry.Server.Credentials;

namespace Skerry.Server.Management;

/// <summary>Refuses paths with another account's id.</summary>
internal sealed class AccountGuard(AccountCredentials credentials)
{
    /// <summary>A route's handler, behind the check.</summary>
    public RequestDelegate For(RequestDelegate answer) => http =>
        (string)http.Request.RouteValues["account_id"]! == credentials.AccountId
            ? answer(http)
            : EnvelopeResponse.Error(http, StatusCodes.Status403Forbidden, ErrorCodes.Authentication, "Authentication error: the token does not belong to this account.");
}
