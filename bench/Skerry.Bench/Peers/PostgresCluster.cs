using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Skerry.Bench.Peers;

/// <summary>
/// A private PostgreSQL cluster in a folder of its own, with the durability that confirmed writes need: fsync and
/// synchronous_commit are on. PostgreSQL refuses to run as root, so root starts it as another user.
/// </summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private readonly ServerProcess server;

    private PostgresCluster(ServerProcess server, string connectionString)
    {
        this.server = server;
        ConnectionString = connectionString;
    }

    /// <summary>Connects over the cluster's Unix socket, which is faster than loopback TCP.</summary>
    public string ConnectionString { get; }

    /// <summary>Makes a cluster in <paramref name="folder"/> and starts it.</summary>
    public static async Task<PostgresCluster> Start(string folder, CancellationToken cancel)
    {
        var debian = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(version => Path.Combine(version, "bin"))
            : [];
        var initdb = Tool.Find("initdb", debian);
        var postgres = Tool.Find("postgres", debian);
        var unprivileged = await Unprivileged(folder, cancel);
        var data = Path.Combine(folder, "cluster");
        await Run(unprivileged, [initdb, "-D", data, "-A", "trust", "-U", "bench", "-E", "UTF8", "--locale=C", "-N"], cancel);

        var port = Tool.FreePort();
        string[] command =
        [
            .. unprivileged, postgres, "-D", data, "-p", port.ToString(CultureInfo.InvariantCulture), "-k", folder,
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "max_connections=200",
            "-c", "shared_buffers=256MB",
        ];
        var connectionString = new NpgsqlConnectionStringBuilder
        {
            Host = folder,
            Port = port,
            Username = "bench",
            Database = "postgres",
            MaxPoolSize = 128,
            // The same statements come again and again, so prepare them without being asked.
            MaxAutoPrepare = 20,
            AutoPrepareMinUsages = 2,
        }.ConnectionString;
        var server = await ServerProcess.Start(
            new ProcessStartInfo(command[0], command.Skip(1)),
            async token =>
            {
                await using var connection = new NpgsqlConnection(connectionString);
                await connection.OpenAsync(token);
                return true;
            },
            ServerProcess.SigInt,
            cancel);
        return new PostgresCluster(server, connectionString);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        return server.DisposeAsync();
    }

    /// <summary>The words before a command that drop root, and the folder given to that user; nothing for anybody else.</summary>
    private static async Task<string[]> Unprivileged(string folder, CancellationToken cancel)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return [];
        }

        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).ToDictionary(user => user[0], user => (Id: user[2], Group: user[3]));
        var user = users.TryGetValue("postgres", out var found) ? found : users["nobody"];
        await Tool.Run("/bin/chown", [$"{user.Id}:{user.Group}", folder], cancel);
        return [Tool.Find("setpriv"), $"--reuid={user.Id}", $"--regid={user.Group}", "--clear-groups"];
    }

    private static Task<string> Run(string[] before, string[] command, CancellationToken cancel)
    {
        string[] all = [.. before, .. command];
        return Tool.Run(all[0], all.Skip(1), cancel);
    }
}
