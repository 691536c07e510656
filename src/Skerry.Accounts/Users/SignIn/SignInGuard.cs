using System.Globalization;
using Skerry.Objects;

namespace Skerry.Accounts.Users.SignIn;

/// <inheritdoc cref="ISignInGuard"/>
public sealed class SignInGuard : DurableObject, ISignInGuard
{
    // After so many failures from one network each more costs time.
    private const int FreeFromOne = 5;

    // The same for all networks together. A botnet gets so many for nothing, and people who mistype on their travels are far below.
    private const int FreeFromAll = 100;

    // The row of all networks together.
    private const string All = "";

    // From which count on a row holds up.
    private static readonly string FreeOf = string.Create(CultureInfo.InvariantCulture, $"(CASE prefix WHEN '' THEN {FreeFromAll} ELSE {FreeFromOne} END)");

    // A user who fails no more for so long has a clean sheet.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    private static readonly TimeSpan ExpireStep = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time;
    private DateTimeOffset _expiredOn;

    /// <summary>Opens it.</summary>
    /// <param name="time">The clock.</param>
    public SignInGuard(TimeProvider time)
    {
        _time = time;
        Sql.Exec(
            """
            CREATE TABLE IF NOT EXISTS failures (
                user_id TEXT NOT NULL, prefix TEXT NOT NULL, count INTEGER NOT NULL, last_on INTEGER NOT NULL, PRIMARY KEY (user_id, prefix)) WITHOUT ROWID;
            DROP INDEX IF EXISTS failures_last;
            CREATE INDEX IF NOT EXISTS failures_weight ON failures (count, prefix = '', last_on);
            CREATE TABLE IF NOT EXISTS familiar (
                user_id TEXT NOT NULL, prefix TEXT NOT NULL, last_on INTEGER NOT NULL, PRIMARY KEY (user_id, prefix)) WITHOUT ROWID
            """);
    }

    /// <inheritdoc/>
    public Task<TimeSpan> Look(string userId, string prefix) => Task.FromResult(Left(userId, prefix, _time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<TimeSpan> Begin(string userId, string prefix)
    {
        var now = _time.GetUtcNow();
        var wait = Left(userId, prefix, now);
        if (wait == TimeSpan.Zero)
        {
            Expire(now);
            Count(userId, prefix, now);
            if (!IsFamiliar(userId, prefix))
            {
                Count(userId, All, now);
            }
        }

        return Task.FromResult(wait);
    }

    /// <inheritdoc/>
    public Task TakeBack(string userId, string prefix)
    {
        Uncount(userId, prefix);
        if (!IsFamiliar(userId, prefix))
        {
            Uncount(userId, All);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Succeed(string userId, string prefix)
    {
        TakeBack(userId, prefix);
        Sql.Exec("DELETE FROM failures WHERE user_id = ? AND prefix = ?", userId, prefix);
        Sql.Exec("INSERT OR REPLACE INTO familiar (user_id, prefix, last_on) VALUES (?, ?, ?)", userId, prefix, _time.GetUtcNow());
        Sql.Exec(
            "DELETE FROM familiar WHERE user_id = ?1 AND prefix NOT IN (SELECT prefix FROM familiar WHERE user_id = ?1 ORDER BY last_on DESC LIMIT ?2)",
            userId, ISignInGuard.FamiliarMax);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Forget(string userId)
    {
        Sql.Exec("DELETE FROM failures WHERE user_id = ?", userId);
        Sql.Exec("DELETE FROM familiar WHERE user_id = ?", userId);
        return Task.CompletedTask;
    }

    private bool IsFamiliar(string userId, string prefix) =>
        Sql.Exec<long>("SELECT count(*) FROM familiar WHERE user_id = ? AND prefix = ?", userId, prefix).One() > 0;

    private TimeSpan Left(string userId, string prefix, DateTimeOffset now)
    {
        var fromOne = LeftOf(userId, prefix, FreeFromOne, now);
        var fromAll = IsFamiliar(userId, prefix) ? TimeSpan.Zero : LeftOf(userId, All, FreeFromAll, now);
        return fromOne > fromAll ? fromOne : fromAll;
    }

    private TimeSpan LeftOf(string userId, string prefix, int free, DateTimeOffset now) =>
        Sql.Exec<Failures>("SELECT count, last_on FROM failures WHERE user_id = ? AND prefix = ? AND last_on > ?", userId, prefix, now - Memory).OneOrDefault()
            is { } failures
            ? BackOff.Left(failures.Count, free, failures.LastOn, now)
            : TimeSpan.Zero;

    private void Count(string userId, string prefix, DateTimeOffset now)
    {
        var counted = Sql.Exec<long>(
            """
            UPDATE failures SET count = CASE WHEN last_on > ?4 THEN count + 1 ELSE 1 END, last_on = ?3 WHERE user_id = ?1 AND prefix = ?2
            RETURNING count
            """,
            userId, prefix, now, now - Memory).OneOrDefault();
        if (counted == 0)
        {
            Sql.Exec("INSERT INTO failures (user_id, prefix, count, last_on) VALUES (?, ?, ?, ?)", userId, prefix, 1 + MakeRoom(userId, now), now);
        }
    }

    private void Uncount(string userId, string prefix)
    {
        Sql.Exec("UPDATE failures SET count = count - 1 WHERE user_id = ? AND prefix = ?", userId, prefix);
        Sql.Exec("DELETE FROM failures WHERE user_id = ? AND prefix = ? AND count <= 0", userId, prefix);
    }

    // What is too old counts for nothing; this is only so that it is not kept.
    private void Expire(DateTimeOffset now)
    {
        if ((now - _expiredOn).Duration() >= ExpireStep)
        {
            Sql.Exec("DELETE FROM failures WHERE last_on <= ?", now - Memory);
            _expiredOn = now;
        }
    }

    /// <summary>
    /// Makes room for one more count (Metwally, Agrawal and El Abbadi's Space-Saving): the smallest goes, and the new one begins
    /// with it, so that no count is less than what it counts. Of equal ones that of all networks together stays. Where waiting
    /// begins that ends, as nobody is to wait long for what others did.
    /// </summary>
    /// <returns>What the new one begins with.</returns>
    private long MakeRoom(string userId, DateTimeOffset now)
    {
        // One user has far fewer networks than there is room for, so there always is somebody else's.
        if (Sql.Exec<long>("SELECT count(*) FROM failures").One() < ISignInGuard.FailuresMax || (Smallest("NOT") ?? Smallest("")) is not { } smallest)
        {
            return 0;
        }

        Sql.Exec("DELETE FROM failures WHERE user_id = ? AND prefix = ?", smallest.UserId, smallest.Prefix);
        return Math.Min(smallest.Count, FreeFromOne);

        // What BackOff says, in the database's words: nothing is left to wait where the time is over.
        Named? Smallest(string not) => Sql.Exec<Named>(
            $"""
            SELECT user_id, prefix, count FROM failures
            WHERE user_id <> ?1 AND {not} (count >= {FreeOf} AND last_on + MIN(?2, 1000 << MIN(count - {FreeOf}, 10)) > ?3)
            ORDER BY count, prefix = '', last_on LIMIT 1
            """,
            userId, (long)BackOff.WaitMax.TotalMilliseconds, now).FirstOrDefault();
    }

    private sealed record Failures(long Count, DateTimeOffset LastOn);

    private sealed record Named(string UserId, string Prefix, long Count);
}
