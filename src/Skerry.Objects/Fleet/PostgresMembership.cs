using Npgsql;

namespace Skerry.Objects.Fleet;

/// <summary>
/// Makes what Orleans' ADO.NET membership needs in PostgreSQL, if it is not there: a row for each cluster with its version,
/// a row for each member, and the texts of the queries. Their parameters and columns are the provider's interface; a
/// change of a member succeeds only together with the change of the version that it was based on, in one statement.
/// </summary>
internal sealed class PostgresMembership(string connectionString) : ILifecycleParticipant<ISiloLifecycle>
{
    // Several nodes may start at once; whoever comes second waits. Any number that nobody else uses.
    private const long LockKey = 0x736B_6572_7279;

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS orleansquery (querykey varchar(64) PRIMARY KEY, querytext varchar(8000) NOT NULL);
        CREATE TABLE IF NOT EXISTS skerry_cluster (name varchar(150) PRIMARY KEY, version integer NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS skerry_member (
            cluster varchar(150) NOT NULL REFERENCES skerry_cluster (name), address varchar(45) NOT NULL, port integer NOT NULL,
            generation integer NOT NULL, siloname varchar(150) NOT NULL, hostname varchar(150) NOT NULL, status integer NOT NULL,
            proxyport integer, suspecttimes text, starttime timestamptz NOT NULL, iamalivetime timestamptz NOT NULL,
            PRIMARY KEY (cluster, address, port, generation));
        """;

    private const string Member = "cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation";

    // The first column of a cluster without members is null, which is how the provider tells.
    private const string Columns = """
        SELECT m.address AS "Address", m.port AS "Port", m.generation AS "Generation", m.siloname AS "SiloName",
            m.hostname AS "HostName", m.status AS "Status", m.proxyport AS "ProxyPort", m.suspecttimes AS "SuspectTimes",
            m.starttime AT TIME ZONE 'utc' AS "StartTime", m.iamalivetime AT TIME ZONE 'utc' AS "IAmAliveTime", c.version AS "Version"
        FROM skerry_cluster c LEFT JOIN skerry_member m ON m.cluster = c.name
        """;

    private static readonly (string Key, string Text)[] s_queries =
    [
        ("InsertMembershipVersionKey", """
            WITH made AS (INSERT INTO skerry_cluster (name) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1)
            SELECT count(*) FROM made
            """),
        ("InsertMembershipKey", """
            WITH cluster AS (
                UPDATE skerry_cluster SET version = version + 1
                WHERE name = @DeploymentId AND version = @Version AND NOT EXISTS (
                    SELECT 1 FROM skerry_member
                    WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
                RETURNING name),
            made AS (
                INSERT INTO skerry_member (cluster, address, port, generation, siloname, hostname, status, proxyport, starttime, iamalivetime)
                SELECT name, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM cluster
                RETURNING 1)
            SELECT count(*) FROM made
            """),
        ("UpdateMembershipKey", """
            WITH cluster AS (
                UPDATE skerry_cluster SET version = version + 1 WHERE name = @DeploymentId AND version = @Version RETURNING name),
            changed AS (
                UPDATE skerry_member SET status = @Status, suspecttimes = @SuspectTimes, iamalivetime = @IAmAliveTime
                FROM cluster
                WHERE cluster = cluster.name AND address = @Address AND port = @Port AND generation = @Generation
                RETURNING 1)
            SELECT count(*) FROM changed
            """),
        ("UpdateIAmAlivetimeKey", $"UPDATE skerry_member SET iamalivetime = @IAmAliveTime WHERE {Member}"),
        ("MembershipReadRowKey", $"{Columns} AND m.address = @Address AND m.port = @Port AND m.generation = @Generation WHERE c.name = @DeploymentId"),
        ("MembershipReadAllKey", $"{Columns} WHERE c.name = @DeploymentId"),
        ("DeleteMembershipTableEntriesKey", """
            WITH gone AS (DELETE FROM skerry_member WHERE cluster = @DeploymentId)
            DELETE FROM skerry_cluster WHERE name = @DeploymentId
            """),
        ("GatewaysQueryKey", """
            SELECT address AS "Address", proxyport AS "ProxyPort", generation AS "Generation" FROM skerry_member
            WHERE cluster = @DeploymentId AND status = @Status AND proxyport > 0
            """),
        ("CleanupDefunctSiloEntriesKey", "DELETE FROM skerry_member WHERE cluster = @DeploymentId AND iamalivetime < @IAmAliveTime AND status = 6"),
    ];

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(PostgresMembership), ServiceLifecycleStage.RuntimeInitialize - 1, CreateAsync, static _ => Task.CompletedTask);

    private async Task CreateAsync(CancellationToken cancel)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var connection = await source.OpenConnectionAsync(cancel).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancel).ConfigureAwait(false);
        await using (var exclusive = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", connection, transaction))
        {
            exclusive.Parameters.AddWithValue(LockKey);
            await exclusive.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
        }

        await using (var tables = new NpgsqlCommand(Tables, connection, transaction))
        {
            await tables.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
        }

        foreach (var (key, text) in s_queries)
        {
            await using var query = new NpgsqlCommand(
                "INSERT INTO orleansquery VALUES ($1, $2) ON CONFLICT (querykey) DO UPDATE SET querytext = excluded.querytext", connection, transaction);
            query.Parameters.AddWithValue(key);
            query.Parameters.AddWithValue(text);
            await query.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancel).ConfigureAwait(false);
    }
}
