using System.Diagnostics.CodeAnalysis;
using Skerry.Accounts.Permissions;

namespace Skerry.Accounts.Policies;

/// <summary>
/// The name of what a policy is about, or of what a request wants. Names form a tree: all accounts, an account, one thing
/// in an account; and, apart from these, users. In text:
/// <list type="bullet">
/// <item><c>com.cloudflare.api.user.ID</c></item>
/// <item><c>com.cloudflare.api.account.*</c></item>
/// <item><c>com.cloudflare.api.account.ID</c></item>
/// <item><c>com.cloudflare.api.account.ID.queue.ID</c>, <c>….namespace.ID</c> and <c>….database.ID</c></item>
/// </list>
/// The factories take ids as they come, so that a request costs nothing: an id that is not one is equal to none that
/// <see cref="TryParse(string?, out ResourceName, out PolicyError?)"/> accepts, and so covered by no policy on it, though
/// by those above it. Upper and lower case differ: whoever finds things by an id must not find them by another spelling.
/// </summary>
public readonly record struct ResourceName
{
    private const string AccountPrefix = PermissionGroups.AccountScope + ".";
    private const string UserPrefix = PermissionGroups.UserScope + ".";
    private const int CharsMax = 200;
    private const string Field = "resources";

    private const string Accepted =
        "com.cloudflare.api.user.ID, com.cloudflare.api.account.*, com.cloudflare.api.account.ID, and " +
        "com.cloudflare.api.account.ID.KIND.ID with queue, namespace or database for KIND; " +
        "an ID is 32 lower-case hexadecimal digits or, behind KIND, a UUID";

    private ResourceName(ResourceKind kind, string owner, string item)
    {
        Kind = kind;
        Owner = owner;
        Item = item;
    }

    /// <summary>All accounts.</summary>
    public static ResourceName AllAccounts { get; } = new(ResourceKind.AllAccounts, "", "");

    /// <summary>What it names.</summary>
    public ResourceKind Kind { get; }

    /// <summary>The id of the account or user; empty for all accounts.</summary>
    public string Owner { get; }

    /// <summary>The id of the queue, namespace or database; empty for anything else.</summary>
    public string Item { get; }

    /// <summary>An account.</summary>
    public static ResourceName Account(string id) => new(ResourceKind.Account, id, "");

    /// <summary>A user.</summary>
    public static ResourceName User(string id) => new(ResourceKind.User, id, "");

    /// <summary>A queue of an account.</summary>
    public static ResourceName Queue(string account, string id) => new(ResourceKind.Queue, account, id);

    /// <summary>A key-value namespace of an account.</summary>
    public static ResourceName Namespace(string account, string id) => new(ResourceKind.Namespace, account, id);

    /// <summary>A D1 database of an account.</summary>
    public static ResourceName Database(string account, string id) => new(ResourceKind.Database, account, id);

    /// <summary>Reads a name.</summary>
    /// <param name="text">The text; null is refused like any other that is no name.</param>
    /// <param name="name">The name.</param>
    /// <param name="error">Why it is refused, with <c>resources</c> for the field.</param>
    public static bool TryParse(string? text, out ResourceName name, [NotNullWhen(false)] out PolicyError? error)
    {
        name = default;
        string? problem = null;
        if (text is null)
        {
            problem = "it is missing";
        }
        else if (text.Length > CharsMax)
        {
            problem = "it is too long";
        }
        else if (text.StartsWith(UserPrefix, StringComparison.Ordinal))
        {
            problem = ParseUser(text[UserPrefix.Length..], out name);
        }
        else if (text.StartsWith(AccountPrefix, StringComparison.Ordinal))
        {
            problem = ParseAccount(text[AccountPrefix.Length..].Split('.'), out name);
        }
        else
        {
            problem = "it names neither a user nor an account";
        }

        error = problem is null ? null : new(Field, $"{PolicyError.Quote(text)} is no resource here: {problem}", Accepted);
        return error is null;
    }

    /// <summary>
    /// Reads the form in which an account holds what is in it, such as
    /// <c>{"com.cloudflare.api.account.ID": {"com.cloudflare.api.account.queue.ID": "*"}}</c>, where the account's id is not
    /// repeated inside. It means the same as the name in one piece, which <see cref="ToString"/> gives.
    /// </summary>
    /// <param name="outer">The account.</param>
    /// <param name="inner">What is in it.</param>
    /// <param name="name">The name.</param>
    /// <param name="error">Why it is refused, with <c>resources</c> for the field.</param>
    public static bool TryParse(string? outer, string? inner, out ResourceName name, [NotNullWhen(false)] out PolicyError? error)
    {
        name = default;
        if (!TryParse(outer, out var account, out error))
        {
            return false;
        }

        var problem = account.Kind != ResourceKind.Account ? $"{PolicyError.Quote(outer)} is not an account"
            : inner is null or { Length: > CharsMax } || !inner.StartsWith(AccountPrefix, StringComparison.Ordinal) ? "it is not below an account"
            : ParseAccount([account.Owner, .. inner[AccountPrefix.Length..].Split('.')], out name);
        if (problem is null)
        {
            return true;
        }

        error = new(
            Field,
            $"{PolicyError.Quote(inner)} inside {PolicyError.Quote(outer)} is no resource here: {problem}",
            "inside com.cloudflare.api.account.ID: com.cloudflare.api.account.KIND.ID with queue, namespace or database for KIND");
        return false;
    }

    /// <summary>Whether a policy on this is also one on <paramref name="other"/>: it is the same, or this is above it.</summary>
    public bool Covers(in ResourceName other)
    {
        for (ResourceName? at = other; at is { } name; at = name.Parent)
        {
            if (name == this)
            {
                return name.Kind != ResourceKind.None;
            }
        }

        return false;
    }

    /// <summary>What is right above it; null at the top.</summary>
    internal ResourceName? Parent => Kind switch
    {
        ResourceKind.Account => AllAccounts,
        ResourceKind.Queue or ResourceKind.Namespace or ResourceKind.Database => Account(Owner),
        _ => null,
    };

    /// <summary>The name as text, which is read again as the same name.</summary>
    public override string ToString() => Kind switch
    {
        ResourceKind.None => "nothing",
        ResourceKind.AllAccounts => AccountPrefix + "*",
        ResourceKind.Account => AccountPrefix + Owner,
        ResourceKind.User => UserPrefix + Owner,
        _ => $"{AccountPrefix}{Owner}.{Kind.ToString().ToLowerInvariant()}.{Item}",
    };

    private static string? ParseUser(string id, out ResourceName name)
    {
        name = default;
        if (!IsHex(id))
        {
            return $"{PolicyError.Quote(id)} is no user's id";
        }

        name = User(id);
        return null;
    }

    private static string? ParseAccount(string[] parts, out ResourceName name)
    {
        name = default;
        if (parts is ["*"])
        {
            name = AllAccounts;
            return null;
        }

        if (!IsHex(parts[0]))
        {
            return $"{PolicyError.Quote(parts[0])} is no account's id";
        }

        if (parts.Length == 1)
        {
            name = Account(parts[0]);
            return null;
        }

        ResourceKind? kind = parts[1] switch
        {
            "queue" => ResourceKind.Queue,
            "namespace" => ResourceKind.Namespace,
            "database" => ResourceKind.Database,
            _ => null,
        };
        if (kind is null)
        {
            return $"accounts have nothing of the kind {PolicyError.Quote(parts[1])}";
        }

        if (parts.Length != 3 || !IsItemId(parts[2]))
        {
            return $"the id of the {parts[1]} is missing or is none";
        }

        name = new(kind.Value, parts[0], parts[2]);
        return null;
    }

    private static bool IsHex(string id) => id.Length == 32 && id.All(char.IsAsciiHexDigitLower);

    // As Guid writes it: lower case, dashes, no braces.
    private static bool IsItemId(string id) => IsHex(id) || (Guid.TryParseExact(id, "D", out var uuid) && uuid.ToString("D") == id);
}
