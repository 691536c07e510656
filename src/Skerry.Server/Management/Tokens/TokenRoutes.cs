using System.Security.Cryptography;
using System.Text.Json;
using Skerry.Accounts;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Objects;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Tokens;

/// <summary>
/// Tokens of accounts and of users: the same calls on different owners. Whoever makes, changes, rolls or deletes a token has to
/// hold everything that it allows, before and after; else a weak token that may manage tokens would be a strong one.
/// </summary>
internal sealed class TokenRoutes(
    DurableObjectNamespace<IAccount> accounts, DurableObjectNamespace<IUser> users, Authorizer authorizer, RandomNumberGenerator random, TimeProvider time)
{
    // The number that the public API gives this notice; wrangler prints the sentence.
    private static readonly ApiMessage Valid = new(10000, "This API Token is valid and active");

    private static readonly ApiMessage MadeBefore = new(10000, "An earlier request with this key has made the token, and its value was in that answer only; roll the token for another.");

    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        Add("account-api-tokens", OfAccount);
        Add("user-api-tokens", OfUser);
        routes.Add("account-api-tokens-verify-token", Verify);
        routes.Add("user-api-tokens-verify-token", Verify);
        routes.Add("account-permission-groups-list", static http => ListGroups(http, PermissionGroups.AccountScope));
        routes.Add("permission-groups-list-permission-groups", static http => ListGroups(http, null));

        void Add(string prefix, Func<HttpContext, ITokenHolder> owner)
        {
            routes.Add($"{prefix}-list-tokens", http => List(http, owner(http)));
            routes.Add($"{prefix}-create-token", http => Create(http, owner(http)));
            routes.Add($"{prefix}-token-details", http => Show(http, owner(http)));
            routes.Add($"{prefix}-update-token", http => Update(http, owner(http)));
            routes.Add($"{prefix}-delete-token", http => Delete(http, owner(http)));
            routes.Add($"{prefix}-roll-token", http => Roll(http, owner(http)));
        }
    }

    private IAccount OfAccount(HttpContext http) => accounts.GetByName(http.AccountId());

    private IUser OfUser(HttpContext http) => users.GetByName(http.Token().Owner.OwnerId);

    private async Task List(HttpContext http, ITokenHolder tokens)
    {
        var paging = Paging.Of(http);
        var page = await tokens.ListTokens(paging.Skip, paging.PerPage);
        var now = time.GetUtcNow();
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeIReadOnlyListTokenResult,
            [.. page.Tokens.Select(one => TokenResult.Of(one, now))],
            paging.Info(page.Tokens.Count, page.Total));
    }

    private async Task Create(HttpContext http, ITokenHolder tokens)
    {
        var settings = await ReadSettings(http);
        await RequireHeldAsync(http, settings, "");
        var id = IdempotencyKey.FindId(http);
        var answer = await tokens.CreateToken(settings, http.Actor(), id);
        if (id is not null && answer.Fault == AccountsFault.Taken)
        {
            await AnswerAgain(http, await tokens.GetToken(id), settings);
            return;
        }

        var made = answer.OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeTokenResult, TokenResult.Of(made.Token, time.GetUtcNow(), made.Value));
    }

    // The value is kept nowhere, so it cannot be shown again.
    private async Task AnswerAgain(HttpContext http, TokenRecord? made, TokenSettings settings)
    {
        if (made is null || !SameAs(made.Settings, settings))
        {
            throw IdempotencyKey.Reused();
        }

        await EnvelopeResponse.Success(
            http, ManagementJson.Readable.EnvelopeTokenResult, TokenResult.Of(made, time.GetUtcNow()), null, MadeBefore);
    }

    // Policies get new ids each time they are sent.
    private static bool SameAs(TokenSettings one, TokenSettings other) => JsonOf(one) == JsonOf(other);

    private static string JsonOf(TokenSettings settings) => JsonSerializer.Serialize(
        TokenResult.Of(new("", settings with { Policies = [.. settings.Policies.Select(static one => one with { Id = "" })] }, 1, default, default, null), default),
        ManagementJson.Readable.TokenResult);

    private async Task Show(HttpContext http, ITokenHolder tokens)
    {
        var token = await FindAsync(http, tokens);
        if (VersionTag.IsUnchanged(http, token.Version))
        {
            return;
        }

        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeTokenResult, TokenResult.Of(token, time.GetUtcNow()));
    }

    private async Task Update(HttpContext http, ITokenHolder tokens)
    {
        var settings = await ReadSettings(http);
        var token = await FindAsync(http, tokens);
        VersionTag.Require(http, token.Version);
        await RequireHeldAsync(http, token.Settings, "what it may do now: ");
        await RequireHeldAsync(http, settings, "");
        var changed = (await tokens.UpdateToken(token.Id, settings, token.Version, http.Actor())).OrRefuse();
        VersionTag.Set(http, changed.Version);
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeTokenResult, TokenResult.Of(changed, time.GetUtcNow()));
    }

    private async Task Delete(HttpContext http, ITokenHolder tokens)
    {
        var token = await FindAsync(http, tokens);
        VersionTag.Require(http, token.Version);
        await RequireHeldAsync(http, token.Settings, "");
        (await tokens.DeleteToken(token.Id, token.Version, http.Actor())).OrRefuse();
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeIdResult, new(token.Id));
    }

    // The value is revealed, and with it everything that the token may do.
    private async Task Roll(HttpContext http, ITokenHolder tokens)
    {
        var token = await FindAsync(http, tokens);
        VersionTag.Require(http, token.Version);
        await RequireHeldAsync(http, token.Settings, "");
        var rolled = (await tokens.RollToken(token.Id, token.Version, http.Actor())).OrRefuse();
        VersionTag.Set(http, rolled.Token.Version);
        await EnvelopeResponse.Success(http, ManagementJson.Readable.EnvelopeString, rolled.Value);
    }

    private Task Verify(HttpContext http)
    {
        var token = http.Token();
        if (http.FindAccountId() is { } account && account != token.Owner.OwnerId)
        {
            throw new RequestException(StatusCodes.Status401Unauthorized, ErrorCodes.InvalidToken, "Invalid API Token");
        }

        return EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeVerifiedTokenResult,
            new(token.Record.Id, TokenResult.StatusOf(token.Record, time.GetUtcNow()), token.Record.Settings.NotBefore, token.Record.Settings.ExpiresOn),
            null,
            Valid);
    }

    private static Task ListGroups(HttpContext http, string? scope)
    {
        var (name, only) = (Query.Text(http, "name"), Query.Text(http, "scope"));
        IReadOnlyList<PermissionGroupResult> groups =
        [
            .. (scope is null ? PermissionGroups.All : PermissionGroups.OfScope(scope))
                .Where(one => (name is null || one.Name.Contains(name, StringComparison.OrdinalIgnoreCase)) && (only is null || one.Scopes.Contains(only)))
                .Select(static one => new PermissionGroupResult(one.Id, one.Name, one.Scopes)),
        ];
        return EnvelopeResponse.Success(
            http, ManagementJson.Readable.EnvelopeIReadOnlyListPermissionGroupResult, groups, new() { Count = groups.Count, TotalCount = groups.Count });
    }

    private static async Task<TokenRecord> FindAsync(HttpContext http, ITokenHolder tokens)
    {
        var id = (string)http.Request.RouteValues["token_id"]!;
        return await tokens.GetToken(id)
            ?? throw new RequestException(StatusCodes.Status404NotFound, ErrorCodes.NoSuchResource, "There is no token with this id here; list the tokens to see their ids.");
    }

    private async Task<TokenSettings> ReadSettings(HttpContext http)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.TokenRequest);
        var settings = request.ToSettings(random);
        if (http.FindAccountId() is { } account)
        {
            RequireInside(settings, account);
        }

        return settings;
    }

    // It would have no effect there, and whoever wrote it should know.
    private static void RequireInside(TokenSettings settings, string account)
    {
        var outside = settings.Policies.SelectMany((policy, index) => policy.Resources.Keys.Select(name => (index, name)))
            .FirstOrDefault(one => !(ResourceName.TryParse(one.name, out var resource, out _) && ResourceName.Account(account).Covers(resource)));
        if (outside.name is not null)
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest,
                [TokenRequest.Error(new($"policies[{outside.index}].resources", $"'{outside.name}' is not in the account that owns the token", $"com.cloudflare.api.account.{account}, or something in it"))]);
        }
    }

    private async Task RequireHeldAsync(HttpContext http, TokenSettings settings, string what)
    {
        if (!TokenRights.TryCompile(settings, out var rights, out _)
            || !await authorizer.HoldsAsync(http.Token(), rights.Policies, rights.Conditions, http.FindAccountId()))
        {
            throw new RequestException(
                StatusCodes.Status403Forbidden,
                ErrorCodes.Escalation,
                $"{what}it is or would be stronger than the token of this request, in its policies or its conditions; nobody gives or takes more than he holds. Use a stronger token, or grant less.");
        }
    }
}
