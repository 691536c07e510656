using System.Globalization;
using Skerry.Accounts;
using Skerry.Accounts.Tokens;
using Skerry.Objects;
using Skerry.Server.Management.Api;
using Skerry.Storage;

namespace Skerry.Server.Management.Access;

/// <summary>Lets requests under <c>/client/v4</c> through that carry a token, and notes whose it is.</summary>
internal sealed class Authentication(Authorizer authorizer, NodeToken node, FailedAttempts attempts, TokenUses uses)
{
    /// <summary>What stands before the token.</summary>
    public const string Scheme = "Bearer ";

    private const string NodesOperation = "skerry-list-nodes";
    private const string VerifyOperation = "user-api-tokens-verify-token";
    private static readonly PathString Root = "/client/v4";

    /// <summary>The middleware, behind routing.</summary>
    public async Task Invoke(HttpContext http, RequestDelegate next)
    {
        var operation = http.GetEndpoint()?.Metadata.GetMetadata<ApiOperation>();
        if (!http.Request.Path.StartsWithSegments(Root) || operation is { IsOpen: true })
        {
            await next(http);
            return;
        }

        // Several of them would be one for us and another for a proxy in front.
        var header = http.Request.Headers.Authorization is [{ } one] ? one : "";
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            await Refuse(http, ErrorCodes.Authentication, "Authentication error: send one header \"Authorization: Bearer <api_token>\", with a token such as the one in credentials.json.");
            return;
        }

        if (operation?.Id == NodesOperation && node.Find(header.AsSpan(Scheme.Length).Trim()) is { } nodes)
        {
            http.Features.Set(nodes);
            await next(http);
            return;
        }

        // Who guesses behind somebody's proxy locks out nobody whose token is in use.
        if (!authorizer.Knows(header.AsSpan(Scheme.Length).Trim()) && attempts.RetryAfter(http.Address()) is { } wait)
        {
            http.Response.Headers.RetryAfter = wait.ToString(CultureInfo.InvariantCulture);
            await EnvelopeResponse.Error(
                http, StatusCodes.Status429TooManyRequests, ErrorCodes.TooManyRequests, $"Too many requests with tokens that are none came from this address; try again in {wait} s.");
            return;
        }

        KnownToken? token;
        try
        {
            token = await authorizer.FindAsync(header.AsSpan(Scheme.Length).Trim());
        }
        catch (Exception e) when (e is DurableObjectException or StorageException or TimeoutException)
        {
            http.Response.Headers.RetryAfter = "1";
            await EnvelopeResponse.Error(
                http, StatusCodes.Status503ServiceUnavailable, ErrorCodes.Unavailable, $"Whose token it is cannot be found out now: {e.Message}");
            return;
        }

        if (token is null)
        {
            attempts.Count(http.Address());
            await (operation?.Id == VerifyOperation
                ? Refuse(http, ErrorCodes.InvalidToken, "Invalid API Token")
                : Refuse(http, ErrorCodes.Authentication, "Authentication error: the token is not valid here; it was mistyped, rolled or deleted, or is another cluster's."));
            return;
        }

        http.Features.Set(token);
        uses.Note(token);
        await next(http);
    }

    private static Task Refuse(HttpContext http, int code, string message)
    {
        http.Response.Headers.WWWAuthenticate = "Bearer";
        return EnvelopeResponse.Error(http, StatusCodes.Status401Unauthorized, code, message);
    }
}
