using System.Security.Cryptography;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Accounts.Users;
using Skerry.Objects;

namespace Skerry.Accounts.Tests.Users;

/// <summary>An object with nothing but memberships, which stops between two steps where a user's object goes on.</summary>
public interface IMembershipHolder : IDurableObject
{
    Task<Answer<MemberRecord>> JoinAsFirst(string accountId, string email);

    Task NoteMembershipOnly(string accountId);

    Task<Membership?> Find(string id, string email);

    Task NoteEmail(Actor by);

    Task TellEmail(string email);

    Task Forget(string accountId);

    /// <summary>Is told that a membership is over, and makes a change that begins and ends before the account has answered.</summary>
    Task<bool> IsNotedAfterForgetting(string accountId, bool changesMeanwhile);

    Task<bool> IsAllTold();

    Task<bool> HasAlarm();
}

/// <inheritdoc cref="IMembershipHolder"/>
public sealed class MembershipHolder : DurableObject, IMembershipHolder
{
    private readonly MembershipTable _memberships;

    public MembershipHolder(DurableObjectNamespace<IAccount> accounts, DurableObjectNamespace<IUserIndex> index, RandomNumberGenerator random, TimeProvider time)
    {
        if (Sql.Exec<long>("SELECT count(*) FROM sqlite_schema WHERE name = 'memberships'").One() == 0)
        {
            MembershipTable.Create(Sql);
        }

        _memberships = new(Id.Name!, new(Sql, Storage, Context, random, time), accounts, index);
    }

    public Task<Answer<MemberRecord>> JoinAsFirst(string accountId, string email) => _memberships.JoinAsFirstAsync(accountId, email, Actor.System);

    public Task NoteMembershipOnly(string accountId)
    {
        Sql.Exec("INSERT INTO memberships (account_id, member_id) VALUES (?, NULL)", accountId);
        return Task.CompletedTask;
    }

    public Task<Membership?> Find(string id, string email) => _memberships.FindAsync(id, email);

    public Task NoteEmail(Actor by)
    {
        _memberships.NoteEmail(by);
        return Task.CompletedTask;
    }

    public Task TellEmail(string email) => _memberships.TellEmailAsync(() => email);

    public Task Forget(string accountId)
    {
        _memberships.Forget(accountId);
        return Task.CompletedTask;
    }

    public async Task<bool> IsNotedAfterForgetting(string accountId, bool changesMeanwhile)
    {
        var turn = new ChangeTurn();
        var forgotten = _memberships.ForgetIfOverAsync(accountId, turn);
        if (changesMeanwhile)
        {
            await turn.TryAsync(static () => Task.CompletedTask);
        }

        await forgotten;
        return Sql.Exec<long>("SELECT count(*) FROM memberships WHERE account_id = ?", accountId).One() > 0;
    }

    public Task<bool> IsAllTold() => Task.FromResult(_memberships.IsAllTold);

    public Task<bool> HasAlarm() => Task.FromResult(Storage.GetAlarm() is not null);
}
