namespace Skerry.Accounts.Audit;

/// <summary>What an <see cref="Actor"/> is.</summary>
public enum ActorKind
{
    /// <summary>The node itself.</summary>
    System,

    /// <summary>A program, by a token that an account owns.</summary>
    Account,

    /// <summary>A person, or a program by a token that a person owns.</summary>
    User,
}
