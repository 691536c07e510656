using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Tests.Buckets;

/// <summary>A real S3 server (Ceph's) on loopback, in memory, for all tests of a collection.</summary>
public sealed class S3Server : IAsyncLifetime
{
    private const string Script = "eng/s3-server.sh";

    private static readonly string _root = FindRoot();
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-s3-").FullName;
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();

    public int Port { get; private set; }

    public string Endpoint => $"http://127.0.0.1:{Port}";

    public async ValueTask InitializeAsync()
    {
        Port = FreePorts();
        AppDomain.CurrentDomain.ProcessExit += Stop;
        await RunAsync("start", _folder, $"{Port}");
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= Stop;
        await RunAsync("stop", _folder);
        Directory.Delete(_folder, recursive: true);
        _random.Dispose();
    }

    /// <summary>Settings that reach the server's one bucket, with patience for a busy machine.</summary>
    public S3BucketOptions Options() => new()
    {
        Endpoint = Endpoint,
        Bucket = "skerry",
        AccessKey = "skerry-test",
        SecretKey = "skerry-test-secret",
        QuotedETags = false,
    };

    public S3Bucket Open(Action<S3BucketOptions>? change = null)
    {
        var options = Options();
        change?.Invoke(options);
        return new S3Bucket(options, TimeProvider.System, _random);
    }

    private void Stop(object? sender, EventArgs e) => Start("stop", _folder).WaitForExit();

    private static async Task RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{Script} {arguments[0]} ended with {process.ExitCode}: {said}");
    }

    private static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo("bash", [Script, .. arguments]) { WorkingDirectory = _root, RedirectStandardError = true })!;

    // The server takes two ports in a row.
    private static int FreePorts()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                using var first = new TcpListener(IPAddress.Loopback, 0);
                first.Start();
                var port = ((IPEndPoint)first.LocalEndpoint).Port;
                using var second = new TcpListener(IPAddress.Loopback, port + 1);
                second.Start();
                return port;
            }
            catch (SocketException)
            {
                // The neighbour is taken.
            }
        }

        throw new InvalidOperationException("There are no two free ports in a row.");
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Skerry.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("The repository's root is not above the tests.");
        }

        return folder;
    }
}

[CollectionDefinition(Name)]
public sealed class S3Collection : ICollectionFixture<S3Server>
{
    public const string Name = "S3 server";
}
