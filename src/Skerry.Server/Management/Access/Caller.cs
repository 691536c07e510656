using System.Net;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Tokens;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Access;

/// <summary>Who sends a request: the token that it carries. It is there behind <see cref="Authentication"/>.</summary>
internal static class Caller
{
    // What is longer is of no use to whoever reads the audit log, and would fill it.
    private const int TextCharsMax = 256;

    /// <summary>The request's token.</summary>
    public static KnownToken Token(this HttpContext http) => http.FindToken() ?? throw new InvalidOperationException("The request carries no token.");

    /// <summary>The request's token; null where it is not asked for one.</summary>
    public static KnownToken? FindToken(this HttpContext http) => http.Features.Get<KnownToken>();

    /// <summary>By what the request's token is found again later.</summary>
    public static TokenHash TokenHash(this HttpContext http) =>
        ApiToken.TryParse(http.Request.Headers.Authorization.ToString().AsSpan(Authentication.Scheme.Length).Trim(), out _, out var hash, out _)
            ? hash
            : throw new InvalidOperationException("The request carries no token.");

    /// <summary>Where it comes from.</summary>
    public static IPAddress? Address(this HttpContext http) => http.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped
        ? mapped.MapToIPv4()
        : http.Connection.RemoteIpAddress;

    /// <summary>Who the audit log says it was.</summary>
    public static Actor Actor(this HttpContext http)
    {
        var token = http.Token();
        return http.ActorOf(token.Owner.Kind == TokenKind.User ? ActorKind.User : ActorKind.Account, token.Owner.OwnerId) with
        {
            TokenId = token.Record.Id,
            TokenName = token.Record.Settings.Name,
        };
    }

    /// <summary>The same of a request without a token.</summary>
    public static Actor ActorOf(this HttpContext http, ActorKind kind, string? id)
    {
        var agent = http.Request.Headers.UserAgent.ToString();
        return new(
            kind,
            id,
            Address: http.Address()?.ToString(),
            Request: Short($"{http.Request.Method} {http.Request.Path.ToUriComponent()}"),
            RequestId: http.RequestId(),
            UserAgent: agent.Length == 0 ? null : Short(agent));
    }

    private static string Short(string text) => text.Length <= TextCharsMax ? text : text[..TextCharsMax];
}
