using Skerry.Accounts.Permissions;

namespace Skerry.Accounts.Policies;

/// <summary>
/// Rules of one effect by their resource. A request looks at its resource and at those above it, three at most, so its time
/// does not grow with the number of resources. Immutable and safe for threads.
/// </summary>
internal sealed class RuleIndex
{
    private readonly Dictionary<ResourceName, Rule[]> _byResource;

    /// <summary>Indexes rules.</summary>
    public RuleIndex(IReadOnlyCollection<Rule> rules)
    {
        All = rules;
        _byResource = rules.GroupBy(one => one.Resource).ToDictionary(same => same.Key, same => same.ToArray());
    }

    /// <summary>All rules.</summary>
    public IReadOnlyCollection<Rule> All { get; }

    /// <summary>The id of a policy with a permission on a resource; null if there is none. Allocates nothing.</summary>
    public string? Find(in ResourceName resource, Permission permission)
    {
        if (_byResource.Count == 0)
        {
            return null;
        }

        for (ResourceName? at = resource; at is { } name; at = name.Parent)
        {
            if (!_byResource.TryGetValue(name, out var rules))
            {
                continue;
            }

            foreach (ref readonly var rule in rules.AsSpan())
            {
                if (rule.Permissions.Contains(permission))
                {
                    return rule.PolicyId;
                }
            }
        }

        return null;
    }

    /// <summary>The permissions that hold for all of a resource.</summary>
    public PermissionSet Over(in ResourceName resource)
    {
        var all = default(PermissionSet);
        for (ResourceName? at = resource; at is { } name; at = name.Parent)
        {
            foreach (var rule in _byResource.GetValueOrDefault(name, []))
            {
                all |= rule.Permissions;
            }
        }

        return all;
    }
}
