using System.Diagnostics;
using System.Text.Json;

namespace Acceptance.SeatMap;

/// <summary>A running <c>skerry</c> with a folder of its own, which can be killed and started again.</summary>
public sealed class SkerryNode : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-acceptance-");
    private readonly string[] _settings;
    private Process? _process;

    /// <summary>A node as it is without settings.</summary>
    public SkerryNode()
        : this([])
    {
    }

    /// <summary>A node with more on its command line.</summary>
    internal SkerryNode(params string[] settings) => _settings = settings;

    /// <summary>Its data folder.</summary>
    public string Data => _folder.FullName;

    public string ApiUrl { get; internal set; } = "http://127.0.0.1:0";

    public string GatewayUrl { get; private set; } = "http://127.0.0.1:0";

    public ValueTask InitializeAsync() => new(Start());

    /// <summary>Starts the process; after the first time on the same ports as before.</summary>
    public async Task Start()
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "skerry.dll"), "--data", _folder.FullName, "--api-url", ApiUrl, "--gateway-url", GatewayUrl, .. _settings])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
        };
        _process = Process.Start(start)!;
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("Ctrl+C", StringComparison.Ordinal))
            {
                var credentials = JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "credentials.json")));
                ApiUrl = credentials.GetProperty("api_url").GetString()!;
                GatewayUrl = credentials.GetProperty("gateway_url").GetString()!;
                return;
            }
        }

        throw new InvalidOperationException("skerry ended instead of listening; its stderr is above.");
    }

    /// <summary>Ends the process as a power cut would.</summary>
    public async Task Kill()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await Kill();
        }

        _folder.Delete(recursive: true);
    }
}
