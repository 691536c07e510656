using System.Diagnostics.CodeAnalysis;
using Skerry.Accounts.Policies;

namespace Skerry.Accounts.Tokens;

/// <summary>What a token may do, ready for <see cref="PolicyEvaluator"/>. Immutable and safe for threads.</summary>
/// <param name="Policies">Its policies.</param>
/// <param name="Conditions">When and from where.</param>
public sealed record TokenRights(CompiledPolicies Policies, TokenConditions Conditions)
{
    /// <summary>Checks a token's settings and compiles them.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="rights">The result.</param>
    /// <param name="errors">Everything for which they are refused, up to 20 things; empty if they are not.</param>
    public static bool TryCompile(TokenSettings settings, [NotNullWhen(true)] out TokenRights? rights, out IReadOnlyList<PolicyError> errors)
    {
        ArgumentNullException.ThrowIfNull(settings);
        List<PolicyError> found = [];
        if (settings.Name is null or { Length: 0 or > TokenSettings.NameCharsMax } || settings.Name.Any(char.IsControl))
        {
            found.Add(new("name", "it is missing, too long, or has control characters", $"1 to {TokenSettings.NameCharsMax} characters"));
        }

        CompiledPolicies? policies = null;
        if (settings.Policies is null or { Count: 0 })
        {
            found.Add(new("policies", "there is none, so the token could do nothing", "at least one policy"));
        }
        else
        {
            CompiledPolicies.TryCompile(settings.Policies, out policies, out var problems);
            found.AddRange(problems);
        }

        TokenConditions.TryCreate(
            settings.AddressesIn, settings.AddressesNotIn, settings.NotBefore, settings.ExpiresOn, out var conditions, out var others);
        found.AddRange(others);
        errors = found.Count > PolicyError.CountMax ? found[..PolicyError.CountMax] : found;
        rights = found.Count == 0 ? new(policies!, conditions!) : null;
        return rights is not null;
    }
}
