namespace Skerry.Accounts.Policies;

/// <summary>What a policy does with what it matches.</summary>
public enum PolicyEffect
{
    /// <summary>Allows it, unless another policy denies it.</summary>
    Allow,

    /// <summary>Denies it, whatever other policies allow.</summary>
    Deny,
}
