using System.Security.Cryptography;
using Skerry.Accounts.Audit;
using Skerry.Objects;

namespace Skerry.Accounts.Directory;

/// <inheritdoc cref="IAccountDirectory"/>
public sealed class AccountDirectory : DurableObject, IAccountDirectory
{
    private readonly DurableObjectNamespace<IAccount> _accounts;
    private readonly ObjectParts _parts;

    /// <summary>Opens it.</summary>
    /// <param name="accounts">The accounts.</param>
    /// <param name="random">A cryptographic source.</param>
    /// <param name="time">The clock.</param>
    public AccountDirectory(DurableObjectNamespace<IAccount> accounts, RandomNumberGenerator random, TimeProvider time)
    {
        _accounts = accounts;
        _parts = new(Sql, Storage, Context, random, time);
    }

    /// <inheritdoc/>
    public async Task<AccountInfo> OpenDefault(string name)
    {
        if (FindDefault() is { } known)
        {
            return await _accounts.GetByName(known).Create(name, Actor.System);
        }

        // The account is there before its id is noted: after a crash between both, one that nobody knows is left over.
        var account = await _accounts.GetByName(_parts.NewId()).Create(name, Actor.System);
        if (FindDefault() is { } other)
        {
            return await _accounts.GetByName(other).Create(name, Actor.System);
        }

        Storage.TransactionSync(() =>
        {
            Sql.Exec("CREATE TABLE default_account (id TEXT PRIMARY KEY)");
            Sql.Exec("INSERT INTO default_account (id) VALUES (?)", account.Id);
        });
        return account;
    }

    private string? FindDefault() =>
        Sql.Exec<long>("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'default_account'").One() > 0
            ? Sql.Exec<string>("SELECT id FROM default_account").One()
            : null;
}
