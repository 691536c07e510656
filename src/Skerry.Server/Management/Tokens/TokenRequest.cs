using System.Security.Cryptography;
using System.Text.Json;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Tokens;

/// <summary>What a token is made or changed with, as clients send it. Everything may be missing: it is checked with names in <see cref="ToSettings"/>.</summary>
internal sealed record TokenRequest(
    string? Name, IReadOnlyList<PolicyRequest?>? Policies, DateTimeOffset? NotBefore, DateTimeOffset? ExpiresOn, TokenCondition? Condition, string? Status)
{
    private const string Active = "active";
    private const string Disabled = "disabled";

    /// <summary>The same as settings, with new ids for the policies.</summary>
    /// <param name="random">A cryptographic source.</param>
    /// <exception cref="RequestException">Something in it is not accepted.</exception>
    public TokenSettings ToSettings(RandomNumberGenerator random)
    {
        List<ApiMessage> errors = [];
        if (Status is not (null or Active or Disabled))
        {
            errors.Add(Error(new("status", $"\"{Status}\" is none", $"{Active} or {Disabled}")));
        }

        var settings = new TokenSettings(
            Name!,
            ToPolicies(Policies ?? [], random, errors),
            Condition?.RequestIp?.In,
            Condition?.RequestIp?.NotIn,
            NotBefore,
            ExpiresOn,
            Status == Disabled);
        if (errors.Count == 0 && !TokenRights.TryCompile(settings, out _, out var problems))
        {
            errors.AddRange(problems.Select(Error));
        }

        return errors.Count == 0 ? settings : throw new RequestException(StatusCodes.Status400BadRequest, errors);
    }

    /// <summary>Reads policies, with new ids.</summary>
    internal static IReadOnlyList<Policy> ToPolicies(IReadOnlyList<PolicyRequest?> policies, RandomNumberGenerator random, List<ApiMessage> errors) =>
        [.. policies.Select((one, index) => ToPolicy(one, $"policies[{index}]", random.NewId(), errors))];

    /// <summary>An error with its place in the body.</summary>
    internal static ApiMessage Error(PolicyError error) => new(ErrorCodes.InvalidBody, error.ToString(), ErrorSource.OfPath(error.Field));

    private static Policy ToPolicy(PolicyRequest? policy, string path, string id, List<ApiMessage> errors)
    {
        PolicyEffect? effect = policy?.Effect switch
        {
            "allow" => PolicyEffect.Allow,
            "deny" => PolicyEffect.Deny,
            _ => null,
        };
        if (effect is null)
        {
            errors.Add(Error(new($"{path}.effect", policy?.Effect is null ? "it is missing" : $"\"{policy.Effect}\" is none", "allow or deny")));
        }

        return new(
            id,
            effect ?? PolicyEffect.Deny,
            [.. (policy?.PermissionGroups ?? []).Select(static one => one?.Id ?? "")],
            ToResources(policy?.Resources, path, errors));
    }

    // Also in the form in which an account holds what is in it.
    private static Dictionary<string, string> ToResources(IReadOnlyDictionary<string, JsonElement>? resources, string path, List<ApiMessage> errors)
    {
        Dictionary<string, string> names = [];
        foreach (var (outer, value) in resources ?? new Dictionary<string, JsonElement>())
        {
            if (value.ValueKind == JsonValueKind.String)
            {
                names[outer] = value.GetString()!;
                continue;
            }

            var inner = value.ValueKind == JsonValueKind.Object ? value.EnumerateObject().ToList() : [];
            if (inner.Count == 0)
            {
                errors.Add(Error(new($"{path}.resources", $"the value of one is neither \"*\" nor an object of resources", "{\"RESOURCE\": \"*\"}")));
            }

            foreach (var one in inner)
            {
                if (ResourceName.TryParse(outer, one.Name, out var name, out var error))
                {
                    names[name.ToString()] = one.Value.ValueKind == JsonValueKind.String ? one.Value.GetString()! : "";
                }
                else
                {
                    errors.Add(Error(error with { Field = $"{path}.resources" }));
                }
            }
        }

        return names;
    }
}

/// <summary>A policy, as clients send it.</summary>
internal sealed record PolicyRequest(string? Effect, IReadOnlyList<GroupReference?>? PermissionGroups, IReadOnlyDictionary<string, JsonElement>? Resources);

/// <summary>A permission group, as clients name it.</summary>
internal sealed record GroupReference(string? Id);

/// <summary>When a token may be used, as far as that is not a time.</summary>
internal sealed record TokenCondition(AddressCondition? RequestIp);

/// <summary>From where a token may be used.</summary>
internal sealed record AddressCondition(IReadOnlyList<string>? In, IReadOnlyList<string>? NotIn);
