using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Requests;

/// <summary>The account in a request's path.</summary>
internal static class RouteAccount
{
    /// <summary>Its id; null if the path has none.</summary>
    public static string? FindAccountId(this HttpContext http) => (string?)http.Request.RouteValues[ApiOperation.AccountParameter];

    /// <summary>Its id.</summary>
    public static string AccountId(this HttpContext http) => http.FindAccountId() ?? throw new InvalidOperationException("The path names no account.");
}
