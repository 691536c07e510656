using Skerry.Bench.Measuring;
using Skerry.Bench.Peers;
using Skerry.Objects;

namespace Skerry.Bench.Ours;

/// <summary>The object whose calls and queries are measured.</summary>
public sealed class Probe : DurableObject, IProbe
{
    public Probe() => Sql.Exec("CREATE TABLE IF NOT EXISTS numbers (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)");

    /// <inheritdoc/>
    public Task Prepare()
    {
        Sql.Exec(SampleData.SqliteSchema);
        foreach (var insert in SampleData.Inserts())
        {
            Sql.Exec(insert);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<OperationCost> SelectPrimaryKey(int times)
    {
        var wrong = 0;
        var cost = OperationCost.Measure(times, i =>
        {
            long id = SampleData.UserAt(i);
            var user = Sql.Exec<User>(SampleData.SelectUser, id).One();
            wrong += user.Id == id && user.Name.Length > 0 ? 0 : 1;
        });
        return Task.FromResult(wrong == 0 ? cost : throw new BenchException("A row that is there was not found."));
    }

    /// <inheritdoc/>
    public Task<OperationCost> NPlusOne(int times) => Task.FromResult(OperationCost.Measure(times, _ =>
    {
        var rows = new List<(string Title, string Name)>(SampleData.Listed);
        foreach (var document in Sql.Exec<Document>(SampleData.ListDocuments))
        {
            rows.Add((document.Title, Sql.Exec<string>(SampleData.SelectUserName, document.AuthorId).One()));
        }
    }));

    /// <inheritdoc/>
    public Task<OperationCost> Join(int times) => Task.FromResult(OperationCost.Measure(times, _ =>
    {
        var rows = new List<(string Title, string Name)>(SampleData.Listed);
        foreach (var row in Sql.Exec<Joined>(SampleData.JoinDocuments))
        {
            rows.Add((row.Title, row.Name));
        }
    }));

    /// <inheritdoc/>
    public Task<long> Read() => Task.FromResult(Sql.Exec<long>("SELECT value FROM numbers WHERE id = 1").One());

    /// <inheritdoc/>
    public Task Write(long value)
    {
        Sql.Exec("INSERT OR REPLACE INTO numbers VALUES (1, ?)", value);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task FillPages(int pages)
    {
        Sql.Exec("CREATE TABLE IF NOT EXISTS filler (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
        while (Sql.DatabaseSize < pages * 4096)
        {
            Sql.Exec("INSERT INTO filler (bytes) VALUES (randomblob(900))");
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<long> ReadPages() => Task.FromResult(Sql.Exec<long>("SELECT SUM(LENGTH(bytes)) + COUNT(*) FROM filler").One());

    private readonly record struct User(long Id, string Name);

    private readonly record struct Document(string Title, long AuthorId);

    private readonly record struct Joined(string Title, string Name);
}
