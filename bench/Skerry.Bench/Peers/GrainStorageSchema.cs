using Npgsql;

namespace Skerry.Bench.Peers;

/// <summary>
/// The least that Orleans' ADO.NET grain storage needs in PostgreSQL: a table of states, and a table with the texts
/// of its four queries. The parameters' names and the columns' order are the provider's interface; a write that finds
/// another version must return the version it was given, and every other write the next one.
/// </summary>
internal static class GrainStorageSchema
{
    private const string Identity = """
        grain_id_hash = @GrainIdHash AND grain_type_hash = @GrainTypeHash AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
        AND grain_type = @GrainTypeString AND extension = coalesce(@GrainIdExtensionString, '') AND service = @ServiceId
        """;

    private const string Tables = """
        CREATE TABLE orleansquery (querykey varchar(64) PRIMARY KEY, querytext varchar(8000) NOT NULL);
        CREATE TABLE grain_state (
            grain_id_hash integer, grain_type_hash integer, n0 bigint, n1 bigint, grain_type varchar(512), extension varchar(512),
            service varchar(150), binary_payload bytea, version integer NOT NULL,
            PRIMARY KEY (grain_id_hash, grain_type_hash, n0, n1, grain_type, extension, service));
        """;

    // One statement, one round trip: the first write inserts, the others update the version that they read.
    private const string Write = $"""
        WITH updated AS (
            UPDATE grain_state SET binary_payload = @PayloadBinary, version = version + 1
            WHERE {Identity} AND version = @GrainStateVersion RETURNING version),
        inserted AS (
            INSERT INTO grain_state (grain_id_hash, grain_type_hash, n0, n1, grain_type, extension, service, binary_payload, version)
            SELECT @GrainIdHash, @GrainTypeHash, @GrainIdN0, @GrainIdN1, @GrainTypeString, coalesce(@GrainIdExtensionString, ''), @ServiceId,
                @PayloadBinary, 1 WHERE @GrainStateVersion IS NULL
            ON CONFLICT DO NOTHING RETURNING version)
        SELECT coalesce((SELECT version FROM updated), (SELECT version FROM inserted), @GrainStateVersion) AS NewGrainStateVersion
        """;

    private const string Read = $"""
        SELECT binary_payload AS PayloadBinary, now() AT TIME ZONE 'utc', version AS Version
        FROM grain_state WHERE {Identity}
        """;

    private const string Clear = $"""
        UPDATE grain_state SET binary_payload = NULL, version = version + 1
        WHERE {Identity} AND version = @GrainStateVersion RETURNING version AS NewGrainStateVersion
        """;

    private const string Delete = $"""
        DELETE FROM grain_state WHERE {Identity} AND version = @GrainStateVersion RETURNING version + 1 AS NewGrainStateVersion
        """;

    /// <summary>Makes both tables in an empty database.</summary>
    public static async Task Create(string connectionString, CancellationToken cancel)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using (var tables = source.CreateCommand(Tables))
        {
            await tables.ExecuteNonQueryAsync(cancel);
        }

        (string Key, string Text)[] queries =
            [("WriteToStorageKey", Write), ("ReadFromStorageKey", Read), ("ClearStorageKey", Clear), ("DeleteStorageKey", Delete)];
        foreach (var (key, text) in queries)
        {
            await using var insert = source.CreateCommand("INSERT INTO orleansquery VALUES ($1, $2)");
            insert.Parameters.AddWithValue(key);
            insert.Parameters.AddWithValue(text);
            await insert.ExecuteNonQueryAsync(cancel);
        }
    }
}
