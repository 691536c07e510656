using System.Security.Cryptography;
using System.Text.Json;
using Skerry.Accounts.Members;
using Skerry.Accounts.Policies;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;
using Skerry.Server.Management.Tokens;

namespace Skerry.Server.Management.Members;

/// <summary>What a member is invited or changed with. A role is given by its id, or as an object with one: clients send both.</summary>
internal sealed record MemberRequest(string? Email, IReadOnlyList<JsonElement>? Roles, IReadOnlyList<PolicyRequest?>? Policies, string? Status)
{
    private const string Accepted = "accepted";
    private const string Pending = "pending";

    /// <summary>The same as settings, with new ids for the policies.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="random">A cryptographic source.</param>
    /// <exception cref="RequestException">Something in it is not accepted.</exception>
    public MemberSettings ToSettings(string accountId, RandomNumberGenerator random)
    {
        List<ApiMessage> errors = [];
        if (Status is not (null or Accepted or Pending))
        {
            errors.Add(TokenRequest.Error(new("status", $"\"{Status}\" is none", $"{Pending}, for the user accepts by himself")));
        }

        var settings = new MemberSettings(
            [.. (Roles ?? []).Select(IdOf)],
            Policies is null ? null : TokenRequest.ToPolicies(Policies, random, errors));
        if (errors.Count == 0 && !MemberRights.TryCompile(accountId, settings, out _, out var problems))
        {
            errors.AddRange(problems.Select(TokenRequest.Error));
        }

        return errors.Count == 0 ? settings : throw new RequestException(StatusCodes.Status400BadRequest, errors);
    }

    private static string IdOf(JsonElement role) =>
        role.ValueKind == JsonValueKind.String ? role.GetString()!
        : role.ValueKind == JsonValueKind.Object && role.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString()!
        : "";
}

/// <summary>Whether an invitation is accepted.</summary>
internal sealed record MembershipRequest(string? Status);
