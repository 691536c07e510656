using System.Diagnostics;
using Npgsql;

namespace Skerry.Bench.Peers;

/// <summary>The sample data in PostgreSQL, asked with explicitly prepared statements on one open connection.</summary>
internal sealed class PostgresSample : IAsyncDisposable
{
    private readonly NpgsqlConnection connection;
    private readonly NpgsqlCommand listDocuments;
    private readonly NpgsqlCommand selectUserName;
    private readonly NpgsqlParameter<long> user = new();

    private PostgresSample(NpgsqlConnection connection)
    {
        this.connection = connection;
        listDocuments = new NpgsqlCommand(SampleData.ListDocuments, connection);
        selectUserName = new NpgsqlCommand(SampleData.SelectUserName.Replace('?', '$') + "1", connection);
        selectUserName.Parameters.Add(user);
    }

    /// <summary>Fills the tables and prepares the statements.</summary>
    public static async Task<PostgresSample> Create(string connectionString, CancellationToken cancel)
    {
        var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancel);
        foreach (var text in SampleData.Inserts().Prepend(SampleData.Schema).Append("ANALYZE"))
        {
            await using var command = new NpgsqlCommand(text, connection);
            await command.ExecuteNonQueryAsync(cancel);
        }

        var sample = new PostgresSample(connection);
        await sample.listDocuments.PrepareAsync(cancel);
        await sample.selectUserName.PrepareAsync(cancel);
        return sample;
    }

    /// <summary>The 101 queries, with Npgsql's synchronous calls, which are its faster ones when nothing runs beside them.</summary>
    /// <returns>Microseconds for all 101.</returns>
    public double NPlusOne(int times)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            var listed = new List<(string Title, long Author)>(SampleData.Listed);
            using (var reader = listDocuments.ExecuteReader())
            {
                while (reader.Read())
                {
                    listed.Add((reader.GetString(0), reader.GetInt64(1)));
                }
            }

            var rows = new List<(string Title, string Name)>(SampleData.Listed);
            foreach (var (title, author) in listed)
            {
                user.TypedValue = author;
                using var reader = selectUserName.ExecuteReader();
                reader.Read();
                rows.Add((title, reader.GetString(0)));
            }
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / times;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await listDocuments.DisposeAsync();
        await selectUserName.DisposeAsync();
        await connection.DisposeAsync();
    }
}
