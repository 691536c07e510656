namespace Skerry.Accounts.Policies;

/// <summary>What a <see cref="ResourceName"/> names.</summary>
public enum ResourceKind
{
    /// <summary>Nothing; of the default value only. No policy covers it.</summary>
    None,

    /// <summary>Every account, and the making of new ones.</summary>
    AllAccounts,

    /// <summary>One account and everything in it.</summary>
    Account,

    /// <summary>One user.</summary>
    User,

    /// <summary>One queue of an account.</summary>
    Queue,

    /// <summary>One key-value namespace of an account.</summary>
    Namespace,

    /// <summary>One D1 database of an account.</summary>
    Database,
}
