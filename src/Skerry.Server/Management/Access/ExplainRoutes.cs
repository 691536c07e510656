using System.Net;
using Microsoft.AspNetCore.Routing.Template;
using Skerry.Accounts;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;
using Skerry.Objects;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Access;

/// <summary>Says what a call needs, and why a token may make it or not, by asking as the call itself does.</summary>
internal sealed class ExplainRoutes(DurableObjectNamespace<IAccount> accounts, Authorizer authorizer, OperationAccess access)
{
    // As routing does, what is said literally goes before what stands for anything.
    private static readonly (ApiOperation Operation, TemplateMatcher Matcher)[] Operations =
        [.. ApiDocument.Operations.OrderBy(static one => one.Path.Count('{')).Select(static one => (one, new TemplateMatcher(TemplateParser.Parse(one.Path), [])))];

    /// <summary>Adds the route.</summary>
    public void AddTo(ApiRoutes routes) => routes.Add("skerry-access-explain", Explain);

    private async Task Explain(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.ExplainRequest);
        var (operation, account) = Find(request);
        var address = request.Ip is null ? http.Address()
            : IPAddress.TryParse(request.Ip, out var given) ? given
            : throw Refused("ip", request.Ip, "an address");
        var token = await TokenAsync(http, request.TokenId);
        var decision = operation.IsOpen
            ? Access.Allowed("It is answered without a token.")
            : await access.DecideAsync(operation, token, account, address);
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeExplainResult,
            new(
                operation.Id,
                token.Record.Id,
                decision.IsAllowed,
                decision.Reason,
                decision.PolicyId,
                operation.Wanted,
                [.. operation.Needs.Select(static need => PermissionGroups.FindFor(need)!).Select(static one => new ExplainedGroupResult(one.Id, one.Name))]));
    }

    private static (ApiOperation Operation, string? Account) Find(ExplainRequest request)
    {
        var path = new PathString((request.Path ?? "").Split('?')[0] is { Length: > 0 } text && text[0] == '/' ? text : "/" + request.Path);
        var method = request.Method?.ToUpperInvariant() ?? "GET";
        if (!path.StartsWithSegments("/client/v4"))
        {
            path = new PathString("/client/v4").Add(path);
        }

        foreach (var (operation, matcher) in Operations)
        {
            var values = new RouteValueDictionary();
            if (operation.Method == method && matcher.TryMatch(path, values))
            {
                return (operation, (string?)values[ApiOperation.AccountParameter]);
            }
        }

        throw Refused("path", $"{method} {path}", "the method and path of a call that the API's document has");
    }

    // Another token of the account may be asked about by whoever may look at it.
    private async Task<KnownToken> TokenAsync(HttpContext http, string? id)
    {
        var own = http.Token();
        if (id is null || id == own.Record.Id)
        {
            return own;
        }

        var decision = await authorizer.DecideAsync(
            own, new(Product.AccountApiTokens, AccessLevel.Read), ResourceName.Account(http.AccountId()), http.Address());
        if (!decision.IsAllowed)
        {
            throw new RequestException(
                StatusCodes.Status403Forbidden, ErrorCodes.Authentication, $"Authentication error: {decision} Needed, to ask about another token: '{decision.Permission}'.");
        }

        return await accounts.GetByName(http.AccountId()).GetToken(id) is { } record
            ? new KnownToken(new(TokenKind.Account, http.AccountId(), id), record)
            : throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, "There is no token with this id here; list the tokens to see their ids.");
    }

    private static RequestException Refused(string field, string value, string accepted) =>
        new(StatusCodes.Status400BadRequest, [new(ErrorCodes.InvalidBody, $"{field}: \"{value}\" is not accepted; accepted is {accepted}.", ErrorSource.OfPath(field))]);
}

/// <summary>Which call, and whose.</summary>
internal sealed record ExplainRequest(string? Method, string? Path, string? TokenId, string? Ip);

/// <summary>What came of it.</summary>
internal sealed record ExplainResult(string Operation, string TokenId, bool Allowed, string Reason, string? PolicyId, string Needs, IReadOnlyList<ExplainedGroupResult> AnyOf);

/// <summary>A permission group that would be enough.</summary>
internal sealed record ExplainedGroupResult(string Id, string Name);
