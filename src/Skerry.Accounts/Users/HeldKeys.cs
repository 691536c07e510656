using Skerry.Objects;

namespace Skerry.Accounts.Users;

/// <summary>
/// The keys in the index that may be this user's although he does not use them: those that he is about to use, and those that
/// he does not use any more. Each is noted in the user's database before that is so, and an alarm goes through the notes, so
/// that a key is never kept from others because a process has died.
/// </summary>
/// <param name="userId">The user.</param>
/// <param name="parts">The user's object.</param>
/// <param name="index">Where users are found.</param>
internal sealed class HeldKeys(string userId, ObjectParts parts, DurableObjectNamespace<IUserIndex> index)
{
    private static readonly TimeSpan SettleAfter = TimeSpan.FromMinutes(1);

    public static void Create(SqlStorage sql) => sql.Exec("CREATE TABLE held_keys (key BLOB PRIMARY KEY) WITHOUT ROWID");

    /// <summary>
    /// Makes a key this user's; false if it is somebody else's. Until <see cref="Keep"/> it is only held.
    /// </summary>
    public async Task<bool> TakeAsync(byte[] key)
    {
        Note(key);
        return await ConfirmAsync(key);
    }

    /// <summary>Notes keys that are held, in the transaction of what makes them so.</summary>
    public void Note(params IEnumerable<byte[]> keys)
    {
        foreach (var key in keys)
        {
            parts.Sql.Exec("INSERT OR IGNORE INTO held_keys (key) VALUES (?)", key);
        }

        parts.Storage.SetAlarm(parts.Now() + SettleAfter);
    }

    /// <summary>Notes that a key is used, in the transaction that makes it so.</summary>
    public void Keep(byte[] key) => parts.Sql.Exec("DELETE FROM held_keys WHERE key = ?", key);

    /// <summary>Whether nothing is noted.</summary>
    public bool IsSettled => parts.Sql.Exec<long>("SELECT count(*) FROM held_keys").One() == 0;

    /// <summary>
    /// Goes through the notes: what is used is confirmed, what is not is given back.
    /// </summary>
    /// <param name="used">The keys that the user uses.</param>
    /// <returns>False: somebody else has one that is used, since it was claimed and not confirmed in time.</returns>
    public async Task<bool> SettleAsync(IReadOnlyList<byte[]> used)
    {
        foreach (var key in parts.Sql.Exec<byte[]>("SELECT key FROM held_keys").ToList())
        {
            if (!used.Any(one => one.AsSpan().SequenceEqual(key)))
            {
                await index.Of(key).Release(key, userId);
            }
            else if (!await ConfirmAsync(key))
            {
                return false;
            }

            Keep(key);
        }

        return true;
    }

    private async Task<bool> ConfirmAsync(byte[] key) => await index.Of(key).Claim(key, userId) && await index.Of(key).Confirm(key, userId);
}
