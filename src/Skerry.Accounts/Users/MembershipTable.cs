using System.Text.Json;
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

    private static readonly TimeSpan TellAfter = TimeSpan.FromMinutes(1);

    private bool _isTelling;

    // Which member he is may not be known: it is between his joining and the account's answer.
    public static void Create(SqlStorage sql) => sql.Exec(
        """
        CREATE TABLE memberships (account_id TEXT PRIMARY KEY, member_id TEXT) WITHOUT ROWID;
        CREATE TABLE untold_emails (seq INTEGER PRIMARY KEY AUTOINCREMENT, account_id TEXT NOT NULL UNIQUE, actor TEXT NOT NULL)
        """);

    /// <summary>Whether every account that is noted knows the e-mail address.</summary>
    public bool IsAllTold => parts.Sql.Exec<long>("SELECT count(*) FROM untold_emails").One() == 0;

    public void Forget(string accountId)
    {
        parts.Sql.Exec("DELETE FROM memberships WHERE account_id = ?", accountId);
        parts.Sql.Exec("DELETE FROM untold_emails WHERE account_id = ?", accountId);
    }

    /// <summary>
    /// Forgets a membership that is over. He may join again while the account is asked, so its answer counts only if he has changed
    /// nothing meanwhile: a note too many is none, but a member whom nobody has noted has rights that nobody sees.
    /// </summary>
    /// <param name="accountId">The account.</param>
    /// <param name="turn">The user's changes.</param>
    public async Task ForgetIfOverAsync(string accountId, ChangeTurn turn)
    {
        var mark = turn.Mark();
        if (!turn.IsTaken && await accounts.GetByName(accountId).FindMember(userId) is null && turn.IsQuietSince(mark))
        {
            Forget(accountId);
        }
    }

    public void ForgetAll()
    {
        parts.Sql.Exec("DELETE FROM memberships");
        parts.Sql.Exec("DELETE FROM untold_emails");
    }

    public async Task<IReadOnlyList<Membership>> ListAsync(string email)
    {
        var key = UserKey.OfEmail(email);
        var noted = await AskMany.InTurnAsync(Noted(), note => accounts.GetByName(note.AccountId).FindMembership(userId));
        var invited = await AskMany.InTurnAsync(await index.Of(key).ListInvitations(key), one => FindInvitationAsync(one, email, key));
        return noted.Concat(invited).OfType<Membership>().ToList();
    }

    /// <summary>
    /// A membership or an invitation. 1. A note says in which account it is. 2. Or an invitation does. 3. Else it can only be one
    /// of those of which that was never noted.
    /// </summary>
    public async Task<Membership?> FindAsync(string id, string email)
    {
        // 1
        var noted = Noted();
        if (noted.FirstOrDefault(note => note.MemberId == id) is { } note)
        {
            return await FindMemberAsync(note.AccountId, id);
        }

        // 2
        var key = UserKey.OfEmail(email);
        if ((await index.Of(key).ListInvitations(key)).FirstOrDefault(one => one.MemberId == id) is { } invitation
            && await FindInvitationAsync(invitation, email, key) is { } invited)
        {
            return invited;
        }

        // 3
        var unknown = noted.Where(static one => one.MemberId is null).ToList();
        return (await AskMany.InTurnAsync(unknown, one => FindMemberAsync(one.AccountId, id))).FirstOrDefault(static one => one is not null);
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

    /// <summary>Notes that the accounts do not know the e-mail address, in the transaction in which it changes.</summary>
    public void NoteEmail(Actor by)
    {
        parts.Sql.Exec(
            "INSERT OR REPLACE INTO untold_emails (account_id, actor) SELECT account_id, ? FROM memberships",
            JsonSerializer.Serialize(by, AccountsJson.Default.Actor));
        if (!IsAllTold)
        {
            parts.Storage.SetAlarm(parts.Now() + TellAfter);
        }
    }

    /// <summary>
    /// Tells the accounts the e-mail address. Each is told once at a time, so that the last one it is told is the last one there is;
    /// who cannot be told stays noted, and the others are told all the same.
    /// </summary>
    /// <param name="email">The address as it is now; null if there is no user any more.</param>
    /// <exception cref="AggregateException">Some could not be told.</exception>
    public async Task TellEmailAsync(Func<string?> email)
    {
        if (_isTelling)
        {
            return;
        }

        _isTelling = true;
        try
        {
            // What is noted meanwhile has higher numbers.
            var last = 0L;
            List<Exception> failures = [];
            while (parts.Sql.Exec<Untold>("SELECT seq, account_id, actor FROM untold_emails WHERE seq > ? ORDER BY seq", last).ToList() is { Count: > 0 } notes)
            {
                failures.AddRange((await AskMany.InTurnAsync(notes, TellAsync)).OfType<Exception>());
                last = notes[^1].Seq;
            }

            if (failures.Count > 0)
            {
                throw new AggregateException("Accounts could not be told a user's e-mail address; they are told later.", failures);
            }
        }
        finally
        {
            _isTelling = false;
        }

        async Task<Exception?> TellAsync(Untold note)
        {
            try
            {
                if (email() is { } address)
                {
                    // Whatever it answers: where he is no member, nothing is to be told.
                    var by = JsonSerializer.Deserialize(note.Actor, AccountsJson.Default.Actor)!;
                    await accounts.GetByName(note.AccountId).ChangeMemberEmail(userId, address, by);
                }

                parts.Sql.Exec("DELETE FROM untold_emails WHERE seq = ?", note.Seq);
                return null;
            }
            catch (Exception e)
            {
                return e;
            }
        }
    }

    /// <summary>
    /// Joins an account. 1. It is noted. 2. The account makes it so. 3. It is noted as which member; if he is none, the note goes.
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
        if ((answer.Value ?? await account.FindMember(userId)) is { } member)
        {
            parts.Sql.Exec("UPDATE memberships SET member_id = ? WHERE account_id = ?", member.Id, accountId);
        }
        else
        {
            Forget(accountId);
        }

        return answer;
    }

    /// <summary>Leaves all accounts, or none if one of them cannot be left.</summary>
    public async Task<Answer<MemberRecord>?> LeaveAllAsync(Actor by)
    {
        foreach (var account in Noted().Select(note => accounts.GetByName(note.AccountId)))
        {
            if (await account.MayLeave(userId) is { Fault: AccountsFault.LastSuperAdministrator } refusal)
            {
                return refusal;
            }
        }

        // Another super administrator may have gone meanwhile; then those that were left stay left.
        foreach (var id in Noted().Select(static note => note.AccountId))
        {
            if (await accounts.GetByName(id).Leave(userId, by) is { Fault: AccountsFault.LastSuperAdministrator } refusal)
            {
                return refusal;
            }

            Forget(id);
        }

        return null;
    }

    private List<Noting> Noted() => parts.Sql.Exec<Noting>("SELECT account_id, member_id FROM memberships ORDER BY account_id").ToList();

    // Notes what is about to be so; false if there are too many.
    private bool Note(string accountId)
    {
        if (parts.Sql.Exec<long>("SELECT count(*) FROM memberships WHERE account_id <> ?", accountId).One() >= IUser.MembershipsMax)
        {
            return false;
        }

        parts.Sql.Exec("INSERT OR REPLACE INTO memberships (account_id, member_id) VALUES (?, NULL)", accountId);
        return true;
    }

    private async Task<Membership?> FindMemberAsync(string accountId, string id) =>
        await accounts.GetByName(accountId).FindMembership(userId) is { } found && found.Member.Id == id ? found : null;

    private static Answer<MemberRecord> NoMembership(string id) => new(null, AccountsFault.NotFound, $"There is no membership {id}, and no invitation.");

    private async Task<Membership?> FindInvitationAsync(Invitation invitation, string email, byte[] key)
    {
        if (await accounts.GetByName(invitation.AccountId).GetMembership(invitation.MemberId) is { Member.Status: MemberStatus.Pending } found
            && found.Member.Email == email)
        {
            return found;
        }

        if (invitation.FiledOn < parts.Now() - FiledTime)
        {
            parts.Context.WaitUntil(index.Of(key).RemoveInvitation(key, invitation.MemberId));
        }

        return null;
    }

    private sealed record Noting(string AccountId, string? MemberId);

    private sealed record Untold(long Seq, string AccountId, string Actor);
}
