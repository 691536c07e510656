using System.Globalization;
using Skerry.Accounts;
using Skerry.Accounts.Tokens;
using Skerry.Objects;
using Skerry.Server.Management.Api;
using Skerry.Storage;

namespace Skerry.Server.Management.Access;

/// <summary>Lets requests under <c>/client/v4</c> through that carry a token, and notes whose it is.</summary>
internal sealed partial class Authentication(Authorizer authorizer, NodeToken node, FailedAttempts attempts, TokenUses uses, ILogger<Authentication> logger)
{
    /// <summary>What stands before the token.</summary>
    public const string Scheme = "Bearer ";

    private const string NodesOperation = "skerry-list-nodes";
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

        if (ValueOf(http).IsEmpty)
        {
            await Refuse(http, ErrorCodes.Authentication, "Authentication error: send one header \"Authorization: Bearer <api_token>\", with a token such as the one in credentials.json.");
            return;
        }

        if (operation?.Id == NodesOperation && node.Find(ValueOf(http)) is { } nodes)
        {
            http.Features.Set(nodes);
            await next(http);
            return;
        }

        // Read once: to hash it is the most of what a known token costs. What is none by its checksum was mistyped, and nobody is asked.
        if (!ApiToken.TryParse(ValueOf(http), out _, out var hash, out _))
        {
            await RefuseValue(http, operation);
            return;
        }

        // Who guesses behind somebody's proxy locks out nobody whose token was used here.
        if (attempts.RetryAfter(http.Address(), hash) is { } wait)
        {
            http.Response.Headers.RetryAfter = wait.ToString(CultureInfo.InvariantCulture);
            await EnvelopeResponse.Error(
                http, StatusCodes.Status429TooManyRequests, ErrorCodes.TooManyRequests, $"Too many requests with tokens that are none came from this address; try again in {wait} s.");
            return;
        }

        KnownToken? token;
        try
        {
            token = await authorizer.FindAsync(hash);
        }
        catch (Exception e) when (e is DurableObjectException or StorageException or TimeoutException)
        {
            // The details are for the operator: whoever asks has not shown who he is.
            LogNotFound(logger, e);
            http.Response.Headers.RetryAfter = "1";
            await EnvelopeResponse.Error(
                http, StatusCodes.Status503ServiceUnavailable, ErrorCodes.Unavailable, "Whose token it is cannot be found out at this moment; try again.");
            return;
        }

        if (token is null)
        {
            attempts.NoteWrong(hash);
            await RefuseValue(http, operation);
            return;
        }

        attempts.NoteRight(hash);
        http.Features.Set(token);
        uses.Note(token);
        await next(http);
    }

    /// <summary>The token that a request carries, as it is now; null if it is none.</summary>
    /// <exception cref="DurableObjectException">It cannot be found out now.</exception>
    /// <exception cref="TimeoutException">Likewise.</exception>
    public ValueTask<KnownToken?> FindAsync(HttpContext http) => authorizer.FindAsync(ValueOf(http));

    // Several headers would be one for us and another for a proxy in front.
    private static ReadOnlySpan<char> ValueOf(HttpContext http) =>
        http.Request.Headers.Authorization is [{ } one] && one.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? one.AsSpan(Scheme.Length).Trim() : [];

    [LoggerMessage(7003, LogLevel.Warning, "Whose token a request carries cannot be found out")]
    private static partial void LogNotFound(ILogger logger, Exception error);

    private static Task RefuseValue(HttpContext http, ApiOperation? operation) => operation is { IsVerification: true }
        ? Refuse(http, ErrorCodes.InvalidToken, "Invalid API Token")
        : Refuse(http, ErrorCodes.Authentication, "Authentication error: the token is not valid here; it was mistyped, rolled or deleted, or is another cluster's.");

    private static Task Refuse(HttpContext http, int code, string message)
    {
        http.Response.Headers.WWWAuthenticate = "Bearer";
        return EnvelopeResponse.Error(http, StatusCodes.Status401Unauthorized, code, message);
    }
}
