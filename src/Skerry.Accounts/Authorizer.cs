using System.Net;
using Skerry.Accounts.Members;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;

namespace Skerry.Accounts;

/// <summary>
/// What every call of the API passes, whoever makes it: says whose token it carries, and what that may do. An account's
/// token is confined by its policies and its account; nothing of another account, and no user's, is within its reach. A
/// user's token never exceeds the user. Thread-safe.
/// </summary>
/// <param name="tokens">Knows tokens.</param>
/// <param name="members">Knows members.</param>
/// <param name="time">The clock, for conditions.</param>
public sealed class Authorizer(TokenAuthority tokens, MemberAuthority members, TimeProvider time)
{
    /// <summary>Finds a token. See <see cref="TokenAuthority.FindAsync(ReadOnlySpan{char})"/>.</summary>
    public ValueTask<KnownToken?> FindAsync(ReadOnlySpan<char> text) => tokens.FindAsync(text);

    /// <summary>Finds a token again, of which only the hash was kept.</summary>
    public ValueTask<KnownToken?> FindAsync(TokenHash hash) => tokens.FindAsync(hash);

    /// <summary>Decides on one request. Without allocation where everything is known.</summary>
    /// <param name="token">The token that it carries.</param>
    /// <param name="permission">What it needs.</param>
    /// <param name="resource">On what.</param>
    /// <param name="caller">Where it comes from; null if that is unknown.</param>
    public ValueTask<Decision> DecideAsync(KnownToken token, Permission permission, in ResourceName resource, IPAddress? caller)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Owner.Kind == TokenKind.Account)
        {
            return new(ResourceName.Account(token.Owner.OwnerId).Covers(resource)
                ? token.Decide(permission, resource, caller, time.GetUtcNow())
                : Decision.Outside(permission, resource, caller));
        }

        if (resource.Kind is ResourceKind.User or ResourceKind.AllAccounts or ResourceKind.None)
        {
            return new(UserRights.Decide(token, null, permission, resource, caller, time.GetUtcNow()));
        }

        var member = members.FindAsync(resource.Owner, token.Owner.OwnerId);
        return member.IsCompletedSuccessfully
            ? new(UserRights.Decide(token, member.Result, permission, resource, caller, time.GetUtcNow()))
            : new(DecideLaterAsync(member.AsTask(), token, permission, resource, caller));
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
    /// Whether a token holds everything that it would give to somebody: nobody gives more than he has. False may also mean
    /// that it could not be seen; see <see cref="PolicyEvaluator.IsWithin"/>.
    /// </summary>
    /// <param name="maker">The token that makes or changes something.</param>
    /// <param name="policies">What somebody is to have, or has.</param>
    /// <param name="conditions">Under which conditions.</param>
    /// <param name="accountId">In which account; null: what a user's own token is to have, which the user confines wherever it is used.</param>
    public async ValueTask<bool> HoldsAsync(KnownToken maker, CompiledPolicies policies, TokenConditions conditions, string? accountId)
    {
        ArgumentNullException.ThrowIfNull(maker);
        if (maker.Rights is not { } held)
        {
            return false;
        }

        if (maker.Owner.Kind == TokenKind.Account || accountId is null)
        {
            return (accountId is null ? maker.Owner.Kind == TokenKind.User : maker.Owner.OwnerId == accountId)
                && PolicyEvaluator.IsWithin(policies, conditions, held.Policies, maker.Record.IsSession ? TokenConditions.None : held.Conditions);
        }

        return UserRights.IsWithin(policies, conditions, maker, await members.FindAsync(accountId, maker.Owner.OwnerId).ConfigureAwait(false));
    }

    private async Task<Decision> DecideLaterAsync(Task<MemberRights?> member, KnownToken token, Permission permission, ResourceName resource, IPAddress? caller)
    {
        var rights = await member.ConfigureAwait(false);
        return UserRights.Decide(token, rights, permission, resource, caller, time.GetUtcNow());
    }
}
