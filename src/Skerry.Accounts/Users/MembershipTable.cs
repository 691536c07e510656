using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Objects;

namespace Skerry.Accounts.Users;

/// <summary>
/// In which accounts a user is a member, as far as his object knows. The accounts are the truth. What is noted here is noted
/// before the account makes it so and removed after it is over, so that nobody ever has rights that he cannot see; a note that
/// the account does not confirm is none.
/// </summary>
/// <param name="userId">The user.</param>
/// <param name="parts">The user's object.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="index">Where invitations are filed.</param>
internal sealed class MembershipTable(
    string userId, ObjectParts parts, DurableObjectNamespace<IAccount> accounts, DurableObjectNamespace<IUserIndex> index)
{
    // An account files an invitation before it has it.
    private static readonly TimeSpan FiledTime = TimeSpan.FromMinutes(1);

    public static void Create(SqlStorage sql) => sql.Exec("CREATE TABLE memberships (account_id TEXT PRIMARY KEY) WITHOUT ROWID");

    /// <summary>The accounts that are noted.</summary>
    public IReadOnlyList<string> Noted() => parts.Sql.Exec<string>("SELECT account_id FROM memberships ORDER BY account_id").ToList();

    /// <summary>Notes what is about to be so; false if there are too many.</summary>
    private bool Note(string accountId)
    {
        if (parts.Sql.Exec<long>("SELECT count(*) FROM memberships WHERE account_id <> ?", accountId).One() >= IUser.MembershipsMax)
        {
            return false;
        }

        parts.Sql.Exec("INSERT OR IGNORE INTO memberships (account_id) VALUES (?)", accountId);
        return true;
    }

    public void Forget(string accountId) => parts.Sql.Exec("DELETE FROM memberships WHERE account_id = ?", accountId);

    public void ForgetAll() => parts.Sql.Exec("DELETE FROM memberships");

    public async Task<IReadOnlyList<Membership>> ListAsync(string email)
    {
        var key = UserKey.OfEmail(email);
        var noted = Noted().Select(FindMemberAsync).ToList();
        var invited = (await index.Of(key).ListInvitations(key)).Select(one => FindInvitationAsync(one, email, key)).ToList();
        return (await Task.WhenAll([.. noted, .. invited])).OfType<Membership>().ToList();
    }

    /// <summary>Accepts an invitation to an e-mail address that the user has.</summary>
    public async Task<Answer<MemberRecord>> AcceptAsync(string id, string email, Actor by) =>
        await FindAsync(id, email) is { } found
            ? await JoinAsync(found.Account.Id, account => account.AcceptInvitation(id, userId, email, by))
            : NoMembership(id);

    /// <summary>Makes the user the first member of an account.</summary>
    public Task<Answer<MemberRecord>> JoinAsFirstAsync(string accountId, string email, Actor by) =>
        JoinAsync(accountId, account => account.AddFirstMember(userId, email, by));

    /// <summary>Leaves an account, or declines an invitation.</summary>
    public async Task<Answer<MemberRecord>> LeaveAsync(string id, string email, Actor by)
    {
        if (await FindAsync(id, email) is not { } found)
        {
            return NoMembership(id);
        }

        var account = accounts.GetByName(found.Account.Id);
        if (found.Member.Status == MemberStatus.Pending)
        {
            return await account.DeclineInvitation(id, email, by);
        }

        var answer = await account.Leave(userId, by);
        if (answer.Value is not null)
        {
            Forget(found.Account.Id);
        }

        return answer;
    }

    /// <summary>Tells the accounts another e-mail address. Nobody waits for it: rights do not hang on what people see.</summary>
    public void ChangeEmail(string email, Actor by)
    {
        foreach (var account in Noted())
        {
            parts.Context.WaitUntil(accounts.GetByName(account).ChangeMemberEmail(userId, email, by));
        }
    }

    /// <summary>
    /// Joins an account. 1. It is noted. 2. The account makes it so. 3. If it does not, the note goes.
    /// </summary>
    private async Task<Answer<MemberRecord>> JoinAsync(string accountId, Func<IAccount, Task<Answer<MemberRecord>>> join)
    {
        // 1
        if (!Note(accountId))
        {
            return new(null, AccountsFault.TooMany, $"You are a member of {IUser.MembershipsMax} accounts already; leave some first.");
        }

        // 2
        var account = accounts.GetByName(accountId);
        var answer = await join(account);

        // 3. He may be a member by another invitation, in which case the note is right.
        if (answer.Value is null && await account.FindMember(userId) is null)
        {
            Forget(accountId);
        }

        return answer;
    }

    /// <summary>Leaves all accounts, or none if one of them cannot be left.</summary>
    public async Task<Answer<MemberRecord>?> LeaveAllAsync(Actor by)
    {
        foreach (var account in Noted().Select(id => accounts.GetByName(id)))
        {
            if (await account.MayLeave(userId) is { Fault: AccountsFault.LastSuperAdministrator } refusal)
            {
                return refusal;
            }
        }

        // Another super administrator may have gone meanwhile; then those that were left stay left.
        foreach (var id in Noted())
        {
            if (await accounts.GetByName(id).Leave(userId, by) is { Fault: AccountsFault.LastSuperAdministrator } refusal)
            {
                return refusal;
            }

            Forget(id);
        }

        return null;
    }

    private async Task<Membership?> FindAsync(string id, string email) => (await ListAsync(email)).FirstOrDefault(one => one.Member.Id == id);

    private static Answer<MemberRecord> NoMembership(string id) => new(null, AccountsFault.NotFound, $"There is no membership {id}, and no invitation.");

    private async Task<Membership?> FindMemberAsync(string accountId)
    {
        var account = accounts.GetByName(accountId);
        return await account.Get() is { } info && await account.FindMember(userId) is { } member ? new(info, member) : null;
    }

    private async Task<Membership?> FindInvitationAsync(Invitation invitation, string email, byte[] key)
    {
        var account = accounts.GetByName(invitation.AccountId);
        if (await account.Get() is { } info
            && await account.GetMember(invitation.MemberId) is { Status: MemberStatus.Pending } member
            && member.Email == email)
        {
            return new(info, member);
        }

        if (invitation.FiledOn < parts.Now() - FiledTime)
        {
            parts.Context.WaitUntil(index.Of(key).RemoveInvitation(key, invitation.MemberId));
        }

        return null;
    }
}
