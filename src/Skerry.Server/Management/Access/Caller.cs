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

    /// <summary>Where it comes from.</summary>
    public static IPAddress? Address(this HttpContext http) => http.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped
        ? mapped.MapToIPv4()
        : http.Connection.RemoteIpAddress;

    /// <summary>Who the audit log says it was.</summary>
    public static Actor Actor(this HttpContext http)
    {
        var token = http.Token();
        var agent = http.Request.Headers.UserAgent.ToString();
        return new(
            token.Owner.Kind == TokenKind.User ? ActorKind.User : ActorKind.Account,
            token.Owner.OwnerId,
            token.Record.Id,
            token.Record.Settings.Name,
            http.Address()?.ToString(),
            Short($"{http.Request.Method} {http.Request.Path.ToUriComponent()}"),
            http.RequestId(),
            agent.Length == 0 ? null : Short(agent));
    }

    private static string Short(string text) => text.Length <= TextCharsMax ? text : text[..TextCharsMax];
}
