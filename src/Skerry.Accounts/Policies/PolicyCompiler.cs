using Skerry.Accounts.Permissions;

namespace Skerry.Accounts.Policies;

/// <summary>Checks policies and turns them into rules. For one list of policies; not safe for threads.</summary>
internal sealed class PolicyCompiler
{
    private readonly List<PolicyError> _errors = [];
    private readonly HashSet<string> _ids = [];
    private readonly List<Rule> _allows = [];
    private readonly List<Rule> _denies = [];

    /// <summary>What is wrong with the policies.</summary>
    public IReadOnlyList<PolicyError> Errors => _errors;

    /// <summary>Compiles; answers null if there are <see cref="Errors"/>.</summary>
    public CompiledPolicies? Compile(IReadOnlyList<Policy> policies)
    {
        if (policies.Count > CompiledPolicies.PoliciesMax)
        {
            Report("policies", $"there are {policies.Count} of them", $"up to {CompiledPolicies.PoliciesMax}");
            return null;
        }

        var resources = policies.Sum(static one => one?.Resources?.Count ?? 0);
        if (resources > CompiledPolicies.ResourcesMax)
        {
            Report("policies", $"they name {resources} resources", $"up to {CompiledPolicies.ResourcesMax}; a policy on an account covers everything in it");
            return null;
        }

        for (var i = 0; i < policies.Count; i++)
        {
            if (policies[i] is { Id: not null, PermissionGroups: not null, Resources: not null } policy)
            {
                Add(policy, $"policies[{i}]");
            }
            else
            {
                Report($"policies[{i}]", "it is not whole", "an id, an effect, permission_groups and resources");
            }
        }

        return _errors.Count > 0 ? null : new(_allows, _denies);
    }

    private void Add(Policy policy, string field)
    {
        if (!Enum.IsDefined(policy.Effect))
        {
            Report(field + ".effect", "it is unknown", "allow or deny");
        }

        if (policy.Id.Length is 0 or > Policy.IdCharsMax || policy.Id.Any(char.IsControl) || !_ids.Add(policy.Id))
        {
            Report(field + ".id", "it is empty, too long, there twice, or has control characters", $"1 to {Policy.IdCharsMax} characters that no other policy has");
        }

        var groups = Groups(policy.PermissionGroups, field + ".permission_groups");
        var permissions = default(PermissionSet);
        foreach (var group in groups)
        {
            permissions |= policy.Effect == PolicyEffect.Allow ? group.Allowed : group.Denied;
        }

        if (policy.Resources.Count == 0)
        {
            Report(field + ".resources", "it is empty", "at least one resource");
        }

        foreach (var (text, value) in policy.Resources)
        {
            if (Resource(text, value, groups, field + ".resources") is { } resource)
            {
                (policy.Effect == PolicyEffect.Allow ? _allows : _denies).Add(new(resource, permissions, policy.Id));
            }
        }
    }

    private List<PermissionGroup> Groups(IReadOnlyList<string> ids, string field)
    {
        if (ids.Count == 0)
        {
            Report(field, "it is empty", "at least one permission group");
        }

        if (ids.Count > PermissionGroups.All.Count)
        {
            Report(field, $"it has {ids.Count} entries", $"each permission group once, of which there are {PermissionGroups.All.Count}");
            return [];
        }

        var groups = new List<PermissionGroup>();
        for (var i = 0; i < ids.Count; i++)
        {
            if (PermissionGroups.Find(ids[i]) is { } group)
            {
                groups.Add(group);
            }
            else
            {
                Report($"{field}[{i}].id", $"{PolicyError.Quote(ids[i])} is no permission group", "the ids that the list of permission groups has");
            }
        }

        return groups;
    }

    private ResourceName? Resource(string text, string value, List<PermissionGroup> groups, string field)
    {
        if (value != "*")
        {
            Report(field, $"the value of {PolicyError.Quote(text)} is {PolicyError.Quote(value)}", "'*'");
        }

        if (!ResourceName.TryParse(text, out var resource, out var error))
        {
            Report(field, error.Problem, error.Accepted);
            return null;
        }

        if (groups.Find(one => !Applies(one, resource.Kind)) is { } group)
        {
            Report(field, $"the permission group {PolicyError.Quote(group.Name)} does not apply to {resource}", "resources of the group's scope, and of single things those that the group is about");
            return null;
        }

        return resource;
    }

    private static bool Applies(PermissionGroup group, ResourceKind kind) => kind switch
    {
        ResourceKind.User => group.Scopes.Contains(PermissionGroups.UserScope),
        ResourceKind.AllAccounts or ResourceKind.Account => group.Scopes.Contains(PermissionGroups.AccountScope),
        ResourceKind.Queue => group.Permission.Product == Product.Queues,
        ResourceKind.Namespace => group.Permission.Product == Product.WorkersKvStorage,
        ResourceKind.Database => group.Permission.Product == Product.D1,
        _ => false,
    };

    private void Report(string field, string problem, string accepted)
    {
        if (_errors.Count < PolicyError.CountMax)
        {
            _errors.Add(new(field, problem, accepted));
        }
    }
}
