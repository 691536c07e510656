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

    // A user who fails no more for so long has a clean sheet.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    private readonly TimeProvider _time;

    /// <summary>Opens it.</summary>
    /// <param name="time">The clock.</param>
    public SignInGuard(TimeProvider time)
    {
        _time = time;
        Sql.Exec(
            """
            CREATE TABLE IF NOT EXISTS failures (
                user_id TEXT NOT NULL, prefix TEXT NOT NULL, count INTEGER NOT NULL, last_on INTEGER NOT NULL, PRIMARY KEY (user_id, prefix)) WITHOUT ROWID;
            CREATE INDEX IF NOT EXISTS failures_last ON failures (last_on);
            CREATE TABLE IF NOT EXISTS familiar (
                user_id TEXT NOT NULL, prefix TEXT NOT NULL, last_on INTEGER NOT NULL, PRIMARY KEY (user_id, prefix)) WITHOUT ROWID
            """);
    }

    /// <inheritdoc/>
    public Task<TimeSpan> Begin(string userId, string prefix)
    {
        var now = _time.GetUtcNow();
        var isFamiliar = IsFamiliar(userId, prefix);
        var (fromOne, fromAll) = (Left(userId, prefix, FreeFromOne, now), isFamiliar ? TimeSpan.Zero : Left(userId, All, FreeFromAll, now));
        var wait = fromOne > fromAll ? fromOne : fromAll;
        if (wait == TimeSpan.Zero)
        {
            Count(userId, prefix, now);
            if (!isFamiliar)
            {
                Count(userId, All, now);
            }

            Forget(now);
        }

        return Task.FromResult(wait);
    }

    /// <inheritdoc/>
    public Task TakeBack(string userId, string prefix)
    {
        Sql.Exec("UPDATE failures SET count = count - 1 WHERE user_id = ? AND prefix = ? AND count > 0", userId, prefix);
        if (!IsFamiliar(userId, prefix))
        {
            Sql.Exec("UPDATE failures SET count = count - 1 WHERE user_id = ? AND prefix = ? AND count > 0", userId, All);
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

    private TimeSpan Left(string userId, string prefix, int free, DateTimeOffset now) =>
        Sql.Exec<Failures>("SELECT count, last_on FROM failures WHERE user_id = ? AND prefix = ? AND last_on > ?", userId, prefix, now - Memory).OneOrDefault()
            is { } failures
            ? BackOff.Left(failures.Count, free, failures.LastOn, now)
            : TimeSpan.Zero;

    private void Count(string userId, string prefix, DateTimeOffset now) => Sql.Exec(
        """
        INSERT INTO failures (user_id, prefix, count, last_on) VALUES (?1, ?2, 1, ?3)
        ON CONFLICT (user_id, prefix) DO UPDATE SET count = CASE WHEN last_on > ?4 THEN count + 1 ELSE 1 END, last_on = ?3
        """,
        userId, prefix, now, now - Memory);

    private void Forget(DateTimeOffset now)
    {
        Sql.Exec("DELETE FROM failures WHERE last_on <= ?", now - Memory);
        var surplus = Sql.Exec<long>("SELECT count(*) FROM failures").One() - ISignInGuard.FailuresMax;
        if (surplus > 0)
        {
            Sql.Exec("DELETE FROM failures WHERE (user_id, prefix) IN (SELECT user_id, prefix FROM failures ORDER BY last_on LIMIT ?)", surplus);
        }
    }

    private sealed record Failures(long Count, DateTimeOffset LastOn);
}
