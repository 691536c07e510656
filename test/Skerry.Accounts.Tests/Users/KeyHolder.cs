using System.Security.Cryptography;
using Skerry.Accounts.Users;
using Skerry.Objects;

namespace Skerry.Accounts.Tests.Users;

/// <summary>An object with nothing but keys that it holds, and an alarm that goes through them, as a user's object does.</summary>
public interface IKeyHolder : IDurableObject
{
    Task Note(byte[] key);

    Task<bool> Take(byte[] key);

    Task<bool> Settle(byte[][] used);

    Task<bool> HasAlarm();
}

/// <inheritdoc cref="IKeyHolder"/>
public sealed class KeyHolder : DurableObject, IKeyHolder
{
    private readonly HeldKeys _keys;

    public KeyHolder(DurableObjectNamespace<IUserIndex> index, RandomNumberGenerator random, TimeProvider time)
    {
        if (Sql.Exec<long>("SELECT count(*) FROM sqlite_schema WHERE name = 'held_keys'").One() == 0)
        {
            HeldKeys.Create(Sql);
        }

        _keys = new(Id.Name!, new(Sql, Storage, Context, random, time), index);
    }

    public Task Note(byte[] key)
    {
        _keys.Note(key);
        return Task.CompletedTask;
    }

    public Task<bool> Take(byte[] key) => _keys.TakeAsync(key);

    public Task<bool> Settle(byte[][] used) => _keys.SettleAsync(used);

    public Task<bool> HasAlarm() => Task.FromResult(Storage.GetAlarm() is not null);
}
