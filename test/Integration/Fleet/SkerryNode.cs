using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Integration.Network;
using Skerry.Objects.Tests.Fleet;

namespace Integration.Fleet;

/// <summary>
/// One process of a fleet, on loopback or on a machine of its own. It can be killed, frozen, asked to stop, and started
/// again on the same folder and ports.
/// </summary>
internal sealed partial class SkerryNode(string name, string folder, string[] arguments, Machine? machine = null) : IAsyncDisposable
{
    private readonly string _host = machine?.Address.ToString() ?? "127.0.0.1";
    private readonly int _api = machine is null ? FreePort.Next() : 31001;
    private readonly int _gateway = machine is null ? FreePort.Next() : 31002;
    private readonly int _nodes = machine is null ? FreePort.Next() : 31003;
    private readonly int _silo = machine is null ? FreePort.Next() : 31004;
    private readonly StringBuilder _output = new();
    private Process? _process;

    public string Name => name;

    public string Data => Path.Combine(folder, name);

    public Uri Gateway => new($"http://{_host}:{_gateway}/");

    /// <summary>Where it runs; null for loopback.</summary>
    public Machine? Machine => machine;

    /// <summary>What is in its environment from its next start on, beside everything that is in the test's own.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>The id of the process, while it runs.</summary>
    public int ProcessId => _process!.Id;

    /// <summary>
    /// Everything that it has printed since it was first started. Kept, for people, in the folder that FLEET_OUTPUT in
    /// the environment names.
    /// </summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>The last that it has printed, without its requests.</summary>
    public string LastWords =>
        string.Join('\n', Output.Split('\n').Where(static line => !line.Contains("Microsoft.AspNetCore", StringComparison.Ordinal)).TakeLast(20));

    /// <summary>Starts it, and waits until it says that it listens.</summary>
    public async Task StartAsync()
    {
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process?.Dispose();
        _process = Begin(line =>
        {
            if (line.StartsWith("Ctrl+C", StringComparison.Ordinal))
            {
                listening.TrySetResult();
            }
        });
        var ended = _process.WaitForExitAsync();
        if (await Task.WhenAny(listening.Task, ended).WaitAsync(Waiting.Bound) == ended)
        {
            Assert.Fail($"{name} ended instead of listening: {Output}");
        }
    }

    /// <summary>Starts it where it must refuse to run; answers its exit code and what it printed.</summary>
    public async Task<(int Code, string Output)> RefusesAsync()
    {
        _process = Begin(static _ => { });
        await _process.WaitForExitAsync().WaitAsync(Waiting.Bound);
        return (_process.ExitCode, Output);
    }

    /// <summary>Ends it as a power cut would: no signal handler runs.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Stops its clock, and lets it go on.</summary>
    public void Freeze() => Assert.Equal(0, Kill(_process!.Id, 19));

    /// <inheritdoc cref="Freeze"/>
    public void Thaw() => Assert.Equal(0, Kill(_process!.Id, 18));

    /// <summary>Asks it to stop; answers its exit code.</summary>
    public async Task<int> StopAsync()
    {
        Assert.Equal(0, Kill(_process!.Id, 15));
        return await EndAsync();
    }

    /// <summary>Waits until it has ended by itself; answers its exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _process!.WaitForExitAsync().WaitAsync(Waiting.Bound);
        return _process.ExitCode;
    }

    /// <summary>Completes when it has ended.</summary>
    public Task WhenEndedAsync(CancellationToken cancel) => _process!.WaitForExitAsync(cancel);

    /// <summary>What its management listener says of its health, and whether that is good.</summary>
    public async Task<(bool IsWell, string Text)> HealthAsync()
    {
        using var http = new HttpClient { Timeout = Waiting.Bound };
        using var answer = await http.GetAsync(new Uri($"http://{_host}:{_api}/health"));
        return (answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A client of its management API, with the owner's token, once there is one.</summary>
    public async Task<HttpClient> NewApiClientAsync()
    {
        JsonElement credentials = default;
        await Waiting.UntilAsync(
            () => Task.FromResult((credentials = Credentials()).GetProperty("api_token").ValueKind == JsonValueKind.String), $"{Name} to have a token");
        return NewClient(credentials, credentials.GetProperty("account_id").GetString()!, "api_token");
    }

    /// <summary>A client of its management API that sees the nodes, whatever has become of them.</summary>
    public HttpClient NewNodeClient() => NewClient(Credentials(), new string('0', 32), "node_token");

    private JsonElement Credentials() => JsonElement.Parse(File.ReadAllText(Path.Combine(Data, "credentials.json")));

    private HttpClient NewClient(JsonElement credentials, string account, string token)
    {
        var http = new HttpClient { BaseAddress = new Uri($"http://{_host}:{_api}/client/v4/accounts/{account}/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credentials.GetProperty(token).GetString());
        return http;
    }

    /// <summary>Runs a command of the same executable with this node's data folder.</summary>
    public async Task<(int Code, string Output)> CommandAsync(params string[] command)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "skerry.dll"), .. command, "--data", Data])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        DropSettings(start);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Waiting.Bound);
        return (process.ExitCode, await output + await errors);
    }

    // The settings of the tests themselves are none of a node's, which would refuse them.
    private static void DropSettings(ProcessStartInfo start)
    {
        foreach (var variable in start.Environment.Keys.Where(static name => name.StartsWith("SKERRY_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(variable);
        }
    }

    private Process Begin(Action<string> seen)
    {
        string[] all =
        [
            Path.Combine(AppContext.BaseDirectory, "skerry.dll"), .. arguments,
            "--api-url", $"http://{_host}:{_api}", "--gateway-url", $"http://{_host}:{_gateway}",
            "--node-listen", $"{_host}:{_nodes}", "--node-silo", $"{_host}:{_silo}",
        ];
        var start = machine is null ? new ProcessStartInfo("dotnet", all) : machine.Command("dotnet", all);
        start.WorkingDirectory = folder;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        DropSettings(start);
        foreach (var (variable, value) in Environment)
        {
            start.Environment[variable] = value;
        }

        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Take(line.Data, seen);
        process.ErrorDataReceived += (_, line) => Take(line.Data, seen);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Take(string? line, Action<string> seen)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.Append(line).Append('\n');
        }

        seen(line);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            if (!process.HasExited)
            {
                process.Kill();
                await process.WaitForExitAsync();
            }

            process.Dispose();
        }

        if (System.Environment.GetEnvironmentVariable("FLEET_OUTPUT") is { Length: > 0 } outputs)
        {
            await File.WriteAllTextAsync(Path.Combine(outputs, $"{Path.GetFileName(folder)}-{name}.log"), Output);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
