using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Npgsql;

[assembly: AssemblyFixture(typeof(Skerry.Objects.Tests.Fleet.MembershipServers))]

namespace Skerry.Objects.Tests.Fleet;

/// <summary>A Redis and a PostgreSQL server of the tests' own, on loopback, started by the first test that asks for one.</summary>
public sealed partial class MembershipServers : IAsyncDisposable
{
    private const int SigInt = 2;
    private const int SigTerm = 15;

    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-servers-").FullName;
    private readonly List<(Process Process, int Signal)> _processes = [];
    private readonly Lazy<Task<string>> _redis;
    private readonly Lazy<Task<string>> _postgres;

    public MembershipServers()
    {
        _redis = new(StartRedisAsync);
        _postgres = new(StartPostgresAsync);
    }

    /// <summary>How Redis is reached.</summary>
    public Task<string> Redis => _redis.Value;

    /// <summary>How PostgreSQL is reached.</summary>
    public Task<string> Postgres => _postgres.Value;

    private async Task<string> StartRedisAsync()
    {
        var port = FreePort.Next();
        Start(SigTerm, "redis-server", "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", _folder);
        await AnswersAsync(async () =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
        });
        return $"127.0.0.1:{port}";
    }

    private async Task<string> StartPostgresAsync()
    {
        var port = FreePort.Next();
        var data = Path.Combine(_folder, "postgres");
        string[] unprivileged = Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={PostgresUser}", "--regid=65534", "--clear-groups"] : [];
        if (unprivileged.Length > 0)
        {
            // PostgreSQL refuses to run as root.
            Directory.CreateDirectory(data);
            await Run("chown", PostgresUser, _folder, data);
        }

        string[] make = [.. unprivileged, Find("initdb"), "-D", data, "-A", "trust", "-U", "skerry", "-E", "UTF8", "--locale=C", "-N"];
        await Run(make[0], make[1..]);
        string[] serve = [.. unprivileged, Find("postgres"), "-D", data, "-p", $"{port}", "-k", _folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"];
        Start(SigInt, serve[0], serve[1..]);
        var connection = $"Host=127.0.0.1;Port={port};Username=skerry;Database=postgres";
        await AnswersAsync(async () =>
        {
            await using var source = NpgsqlDataSource.Create(connection);
            await using var opened = await source.OpenConnectionAsync();
        });
        return connection;
    }

    private static string PostgresUser => File.ReadLines("/etc/passwd").Select(static l => l.Split(':')).FirstOrDefault(static l => l[0] == "postgres")?[2] ?? "65534";

    private static string Find(string program) => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(v => Path.Combine(v, "bin", program)).First(File.Exists)
        : program;

    private void Start(int signal, string program, params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add((process, signal));
    }

    private static async Task Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {errors} {await output}");
        }
    }

    private static async Task AnswersAsync(Func<Task> ask)
    {
        using var bound = new CancellationTokenSource(s_bound);
        while (true)
        {
            try
            {
                await ask();
                return;
            }
            catch (Exception e) when (e is SocketException or NpgsqlException)
            {
                await Task.Delay(20, bound.Token);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        foreach (var (process, signal) in _processes)
        {
            _ = Kill(process.Id, signal);
            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(s_bound);
            process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
