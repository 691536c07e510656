using System.Security.Cryptography;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Users;
using Skerry.Objects;

namespace Skerry.Accounts.Founding;

/// <inheritdoc cref="IAccountDirectory"/>
public sealed class AccountDirectory : DurableObject, IAccountDirectory
{
    private readonly DurableObjectNamespace<IAccount> _accounts;
    private readonly DurableObjectNamespace<IUser> _users;
    private readonly ObjectParts _parts;

    /// <summary>Opens it.</summary>
    /// <param name="accounts">The accounts.</param>
    /// <param name="users">The users.</param>
    /// <param name="random">A cryptographic source.</param>
    /// <param name="time">The clock.</param>
    public AccountDirectory(DurableObjectNamespace<IAccount> accounts, DurableObjectNamespace<IUser> users, RandomNumberGenerator random, TimeProvider time)
    {
        (_accounts, _users) = (accounts, users);
        _parts = new(Sql, Storage, Context, random, time);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The ids are noted before anything is made, and each step can be repeated: whoever comes after a crash, or at the same
    /// time, goes on with the same ids. When all is done, what becomes of the two is no concern of this object any more.
    /// </remarks>
    public async Task<Answer<DefaultAccount>> OpenDefault(string name, string email)
    {
        var row = Find() ?? Begin();
        var found = new DefaultAccount(row.AccountId, row.OwnerId);
        if (row.IsDone)
        {
            return found;
        }

        await _accounts.GetByName(row.AccountId).Create(name, Actor.System);
        var owner = _users.GetByName(row.OwnerId);
        if (await owner.Get() is null && await owner.Create(new(email, null), Actor.System) is { Value: null } refused && await owner.Get() is null)
        {
            return new(null, refused.Fault, refused.Message, refused.RetryAfter);
        }

        var joined = await owner.JoinAsFirstMember(row.AccountId, Actor.System);
        if (joined.Value is null)
        {
            return new(null, joined.Fault, joined.Message, joined.RetryAfter);
        }

        Sql.Exec("UPDATE default_account SET is_done = 1");
        return found;
    }

    private Row? Find() =>
        Sql.Exec<long>("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'default_account'").One() > 0
            ? Sql.Exec<Row>("SELECT account_id, owner_id, is_done FROM default_account").One()
            : null;

    private Row Begin()
    {
        var row = new Row(_parts.NewId(), _parts.NewId(), false);
        Storage.TransactionSync(() =>
        {
            Sql.Exec("CREATE TABLE default_account (account_id TEXT PRIMARY KEY, owner_id TEXT NOT NULL, is_done INTEGER NOT NULL)");
            Sql.Exec("INSERT INTO default_account (account_id, owner_id, is_done) VALUES (?, ?, 0)", row.AccountId, row.OwnerId);
        });
        return row;
    }

    private sealed record Row(string AccountId, string OwnerId, bool IsDone);
}
