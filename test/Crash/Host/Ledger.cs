using Skerry.Objects;

namespace Skerry.Crash.Host;

/// <summary>Does what <see cref="LedgerModel"/> says with rows, keys and an alarm.</summary>
public sealed class Ledger : DurableObject, ILedger
{
    private readonly AnswerLines _lines;

    public Ledger(AnswerLines lines)
    {
        _lines = lines;
        Sql.Exec("CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY, version INTEGER, counter INTEGER, sequence INTEGER, alarm INTEGER, filled INTEGER)");
        Sql.Exec("CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, balance INTEGER)");
        Sql.Exec("CREATE TABLE IF NOT EXISTS rows (sequence INTEGER PRIMARY KEY, body BLOB)");
        Sql.Exec("CREATE TABLE IF NOT EXISTS filling (body BLOB)");
        Sql.Exec("INSERT OR IGNORE INTO state VALUES (1, 0, 0, 0, 0, 0)");
        Sql.Exec("INSERT OR IGNORE INTO accounts VALUES ('left', 1000), ('right', 0)");
    }

    /// <inheritdoc/>
    public Task<long> Step(string name)
    {
        var version = Sql.Exec<long>("UPDATE state SET version = version + 1 RETURNING version").One();
        var (kind, argument) = LedgerModel.StepOf(name, version);
        switch (kind)
        {
            case LedgerModel.Kind.Increment:
                Sql.Exec("UPDATE state SET counter = counter + 1");
                break;
            case LedgerModel.Kind.Insert:
                var sequence = Sql.Exec<long>("UPDATE state SET sequence = sequence + 1 RETURNING sequence").One();
                Sql.Exec("INSERT INTO rows VALUES (?, randomblob(?))", sequence, argument);
                break;
            case LedgerModel.Kind.Transfer:
                Sql.Exec("UPDATE accounts SET balance = balance + ? WHERE name = 'left'", argument);
                Sql.Exec("UPDATE accounts SET balance = balance - ? WHERE name = 'right'", argument);
                break;
            case LedgerModel.Kind.DeleteOldest:
                Sql.Exec("DELETE FROM rows WHERE sequence = (SELECT min(sequence) FROM rows)");
                break;
            default:
                Kv.Put($"key{argument}", version);
                break;
        }

        if (version % LedgerModel.AlarmEvery == 0)
        {
            Sql.Exec("UPDATE state SET alarm = ?", version);
            Storage.SetAlarm(DateTimeOffset.UnixEpoch.AddSeconds(1));
        }

        return Task.FromResult(version);
    }

    /// <inheritdoc/>
    public Task<string> State()
    {
        var version = Sql.Exec<long>("SELECT version FROM state").One();
        var counter = Sql.Exec<long>("SELECT counter FROM state").One();
        var balances = Sql.Exec<long>("SELECT balance FROM accounts ORDER BY name").ToList();
        var rows = Sql.Exec<long>("SELECT count(*) FROM rows").One();
        var first = Sql.Exec<long>("SELECT coalesce(min(sequence), 0) FROM rows").One();
        var last = Sql.Exec<long>("SELECT coalesce(max(sequence), 0) FROM rows").One();
        var bytes = Sql.Exec<long>("SELECT coalesce(sum(length(body)), 0) FROM rows").One();
        if (rows != (rows == 0 ? 0 : last - first + 1))
        {
            return Task.FromResult($"the sequence has holes: {rows} rows from {first} to {last}");
        }

        return Task.FromResult(LedgerModel.Describe(
            version, counter, balances[0], balances[1], rows, first, bytes, Enumerable.Range(0, 8).Select(k => Kv.Get<long>($"key{k}"))));
    }

    /// <inheritdoc/>
    public Task<long> Fill(int bytes)
    {
        Sql.Exec("INSERT INTO filling VALUES (randomblob(?))", bytes);
        return Task.FromResult(Sql.Exec<long>("UPDATE state SET filled = filled + 1 RETURNING filled").One());
    }

    /// <inheritdoc/>
    public override Task Alarm(AlarmInfo info)
    {
        _lines.Write($"alarm {Id} {Sql.Exec<long>("SELECT alarm FROM state").One()}");
        return Task.CompletedTask;
    }
}
