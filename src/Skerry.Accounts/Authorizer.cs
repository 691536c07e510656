using System.Net;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;

namespace Skerry.Accounts;

/// <summary>
/// What every call of the API passes, whoever makes it: says whose token it carries, and what that may do. An account's
/// token is confined by its policies and its account; nothing of another account, and no user's, is within its reach.
/// Thread-safe.
/// </summary>
/// <param name="tokens">Knows tokens.</param>
/// <param name="time">The clock, for conditions.</param>
public sealed class Authorizer(TokenAuthority tokens, TimeProvider time)
{
    /// <summary>Finds a token. See <see cref="TokenAuthority.FindAsync"/>.</summary>
    public ValueTask<KnownToken?> FindAsync(ReadOnlySpan<char> text) => tokens.FindAsync(text);

    /// <summary>Decides on one request.</summary>
    /// <param name="token">The token that it carries.</param>
    /// <param name="permission">What it needs.</param>
    /// <param name="resource">On what.</param>
    /// <param name="caller">Where it comes from; null if that is unknown.</param>
    public ValueTask<Decision> DecideAsync(KnownToken token, Permission permission, in ResourceName resource, IPAddress? caller)
    {
        ArgumentNullException.ThrowIfNull(token);
        return new(ResourceName.Account(token.Owner.OwnerId).Covers(resource)
            ? token.Decide(permission, resource, caller, time.GetUtcNow())
            : Decision.Outside(permission, resource, caller));
    }

    /// <summary>Decides whether a token may be used at all, now and from there; for what needs no permission.</summary>
    /// <param name="token">The token.</param>
    /// <param name="caller">Where the request comes from; null if that is unknown.</param>
    public Decision DecideUse(KnownToken token, IPAddress? caller)
    {
        ArgumentNullException.ThrowIfNull(token);
        var conditions = token.Rights?.Conditions ?? TokenConditions.None;
        var outcome = token.Record.Settings.IsDisabled ? DecisionOutcome.Disabled : conditions.Check(caller, time.GetUtcNow());
        return new(outcome, null, default, default, conditions, caller);
    }

    /// <summary>
    /// Whether a token may give somebody these settings: nobody gives more than he has. False may also mean that it could
    /// not be seen; see <see cref="PolicyEvaluator.IsWithin"/>.
    /// </summary>
    /// <param name="maker">The token that makes, changes or rolls another.</param>
    /// <param name="settings">What the other has, or is to have.</param>
    public ValueTask<bool> CanGrantAsync(KnownToken maker, TokenSettings settings)
    {
        ArgumentNullException.ThrowIfNull(maker);
        return new(TokenRights.TryCompile(settings, out var grant, out _) && maker.Rights is { } held
            && PolicyEvaluator.IsWithin(grant.Policies, grant.Conditions, held.Policies, held.Conditions));
    }
}
