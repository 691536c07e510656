namespace Skerry.Accounts.Permissions;

/// <summary>
/// What a permission is about. At most 32, because a <see cref="PermissionSet"/> keeps two bits of each; the numbers are
/// not stored anywhere, stored are the ids of permission groups.
/// </summary>
public enum Product
{
    /// <summary>An account, its name and settings, and who its members are.</summary>
    AccountSettings,

    /// <summary>The tokens that an account owns.</summary>
    AccountApiTokens,

    /// <summary>What was done in an account, and by whom.</summary>
    AuditLogs,

    /// <summary>Workers, and durable objects, which belong to them.</summary>
    WorkersScripts,

    /// <summary>Key-value namespaces and what is in them.</summary>
    WorkersKvStorage,

    /// <summary>Queues, their consumers and their messages.</summary>
    Queues,

    /// <summary>D1 databases and what is in them.</summary>
    D1,

    /// <summary>A user's name and address.</summary>
    UserDetails,

    /// <summary>In which accounts a user is a member, and invitations.</summary>
    Memberships,

    /// <summary>The tokens that a user owns.</summary>
    ApiTokens,

    /// <summary>The making of tokens by a token, each at most as strong as the one that makes it.</summary>
    AdditionalTokens,

    /// <summary>The machines of the cluster. The public API has nothing like it.</summary>
    Nodes,
}
