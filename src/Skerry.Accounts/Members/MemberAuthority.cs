using Microsoft.Extensions.Logging;
using Skerry.Objects;

namespace Skerry.Accounts.Members;

/// <summary>
/// Says what a user may do in an account, from a cache of this node. What it says is never older than a second by this node's
/// monotonic clock: whoever was removed or made weaker anywhere is so everywhere by then. Thread-safe.
/// </summary>
/// <param name="accounts">The accounts.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it tells of questions that nobody waits for.</param>
public sealed class MemberAuthority(DurableObjectNamespace<IAccount> accounts, TimeProvider time, ILogger<MemberAuthority> logger)
{
    private readonly FreshCache<MemberKey, MemberRights> _known = new(key => ReadAsync(accounts, key), "the member", time, logger);

    /// <summary>Finds a user's rights in an account.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="userId">The user.</param>
    /// <returns>The rights; null if the user is no member there, or has not accepted yet.</returns>
    /// <exception cref="DurableObjectException">It cannot be found out now.</exception>
    /// <exception cref="TimeoutException">Answers came too late to be trusted.</exception>
    public ValueTask<MemberRights?> FindAsync(string accountId, string userId) => _known.FindAsync(new(accountId, userId));

    // What this version cannot read of a member gives no rights.
    private static async Task<MemberRights?> ReadAsync(DurableObjectNamespace<IAccount> accounts, MemberKey key) =>
        await accounts.GetByName(key.AccountId).FindMember(key.UserId).ConfigureAwait(false) is { } member
        && MemberRights.TryCompile(key.AccountId, member.Settings, out var policies, out _)
            ? new(key.AccountId, member, policies)
            : null;
}
