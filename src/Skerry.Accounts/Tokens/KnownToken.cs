using System.Net;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;

namespace Skerry.Accounts.Tokens;

/// <summary>A token that a request carries, ready to be asked what it may do. Immutable and safe for threads.</summary>
public sealed class KnownToken
{
    /// <summary>Compiles a token's record.</summary>
    /// <param name="owner">Whose it is.</param>
    /// <param name="record">The record.</param>
    public KnownToken(TokenOwner owner, TokenRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        (Owner, Record) = (owner, record);
        TokenRights.TryCompile(record.Settings, out var rights, out _);
        Rights = rights;
    }

    /// <summary>Whose it is.</summary>
    public TokenOwner Owner { get; }

    /// <summary>What is stored of it.</summary>
    public TokenRecord Record { get; }

    /// <summary>What it may do; null if its settings are such as this version does not know, and so nothing.</summary>
    public TokenRights? Rights { get; }

    /// <summary>
    /// Whether it may do something. Allocates nothing; a token that is disabled may nothing. Of a user's token this is half of
    /// the answer: <see cref="Users.UserRights"/> has the other.
    /// </summary>
    /// <param name="permission">What the request needs.</param>
    /// <param name="resource">On what.</param>
    /// <param name="caller">Where the request comes from; null if that is unknown.</param>
    /// <param name="now">The time.</param>
    public Decision Decide(Permission permission, in ResourceName resource, IPAddress? caller, DateTimeOffset now) =>
        Record.Settings.IsDisabled ? new(DecisionOutcome.Disabled, null, permission, resource, TokenConditions.None, caller)
        : Rights is null ? new(DecisionOutcome.NotAllowed, null, permission, resource, TokenConditions.None, caller)
        : PolicyEvaluator.Evaluate(Rights.Policies, Rights.Conditions, permission, resource, caller, now);
}
