using System.Diagnostics.CodeAnalysis;

namespace Skerry.Accounts.Policies;

/// <summary>Policies, checked and made ready for <see cref="PolicyEvaluator"/>. Immutable and safe for threads.</summary>
public sealed class CompiledPolicies
{
    /// <summary>The most policies of one token or member.</summary>
    public const int PoliciesMax = 64;

    /// <summary>The most resources of all policies of one token or member together.</summary>
    public const int ResourcesMax = 1000;

    internal CompiledPolicies(IReadOnlyCollection<Rule> allows, IReadOnlyCollection<Rule> denies)
    {
        Allows = new(allows);
        Denies = new(denies);
    }

    /// <summary>No policies: nothing is allowed.</summary>
    public static CompiledPolicies None { get; } = new([], []);

    internal RuleIndex Allows { get; }

    internal RuleIndex Denies { get; }

    /// <summary>Whether anything is allowed on a resource or on something in it.</summary>
    public bool Touches(ResourceName resource) => Allows.All.Any(one => one.Resource.Covers(resource) || resource.Covers(one.Resource));

    /// <summary>Checks policies and compiles them.</summary>
    /// <param name="policies">The policies; there may be none.</param>
    /// <param name="compiled">The result.</param>
    /// <param name="errors">Everything for which they are refused, up to 20 things; empty if they are not.</param>
    public static bool TryCompile(
        IReadOnlyList<Policy> policies,
        [NotNullWhen(true)] out CompiledPolicies? compiled,
        out IReadOnlyList<PolicyError> errors)
    {
        ArgumentNullException.ThrowIfNull(policies);
        var compiler = new PolicyCompiler();
        compiled = compiler.Compile(policies);
        errors = compiler.Errors;
        return compiled is not null;
    }
}
