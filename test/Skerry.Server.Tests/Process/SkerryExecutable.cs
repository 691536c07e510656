using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Skerry.Server.Tests.Process;

/// <summary>A running <c>skerry</c>, the one built beside the tests.</summary>
internal sealed partial class SkerryExecutable : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly System.Diagnostics.Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SkerryExecutable(string folder, string[] arguments, (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "skerry.dll"), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = new() { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Take(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Take(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int ProcessId => _process.Id;

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

    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>Starts it and waits until it says that it listens.</summary>
    public static async Task<SkerryExecutable> Start(string folder, string[] arguments)
    {
        var started = new SkerryExecutable(folder, arguments, []);
        var ended = started._process.WaitForExitAsync();
        if (await Task.WhenAny(started._listening.Task, ended).WaitAsync(Patience) == ended)
        {
            Assert.Fail($"skerry ended instead of listening: {started.Errors}");
        }

        return started;
    }

    /// <summary>Starts it where it must refuse; answers the lines on stderr.</summary>
    public static async Task<IReadOnlyList<string>> Refused(string folder, string[] arguments, params (string, string)[] environment)
    {
        await using var process = new SkerryExecutable(folder, arguments, environment);
        await process._process.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(2, process._process.ExitCode);
        Assert.Equal("", process.Output);
        return process.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<(int Code, string Output, string Errors)> Run(string folder, string[] arguments)
    {
        await using var process = new SkerryExecutable(folder, arguments, []);
        await process._process.WaitForExitAsync().WaitAsync(Patience);
        return (process._process.ExitCode, process.Output, process.Errors);
    }

    public JsonElement Credentials(string data) => JsonElement.Parse(File.ReadAllText(Path.Combine(data, "credentials.json")));

    /// <summary>Sends the signal and answers the exit code.</summary>
    public async Task<int> End(string signal)
    {
        Assert.Equal(0, Kill(_process.Id, signal == "SIGINT" ? 2 : 15));
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Take(StringBuilder to, string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (to)
        {
            to.Append(line).Append('\n');
        }

        // The last line of the report.
        if (line.StartsWith("Ctrl+C", StringComparison.Ordinal))
        {
            _listening.TrySetResult();
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
