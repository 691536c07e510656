using System.Collections.Concurrent;
using System.Diagnostics;

namespace Skerry.Crash.Host;

/// <summary>A node in a process of its own, as the one that started it sees it.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<string>> _asked = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private readonly Lock _lock = new();
    private long _number;

    private NodeProcess(Process process, Action<string, long>? alarm)
    {
        _process = process;
        _reading = Task.Run(() => ReadAsync(alarm));
        _errors = process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    /// <summary>What the process has written to its log, once it has ended.</summary>
    public Task<string> Errors => _errors;

    /// <summary>Starts a node and waits until it takes calls.</summary>
    /// <param name="folder">Its data folder.</param>
    /// <param name="alarm">Hears of alarms that run: the object's id, and the step that set it.</param>
    /// <param name="small">Makes segments, checkpoints and limits tiny.</param>
    /// <param name="handles">The most file handles it may have; 0 for what is usual.</param>
    /// <exception cref="InvalidOperationException">The node refused to start; the message says why.</exception>
    public static async Task<NodeProcess> StartAsync(string folder, Action<string, long>? alarm = null, bool small = true, int handles = 0, string? user = null)
    {
        var self = Path.Combine(AppContext.BaseDirectory, "Crash");
        List<string> command = [self, "host", folder];
        if (small)
        {
            command.Add("--small");
        }

        if (handles > 0)
        {
            command.InsertRange(0, ["sh", "-c", $"ulimit -n {handles}; exec \"$@\"", "sh"]);
        }

        if (user is not null)
        {
            command.InsertRange(0, ["setpriv", $"--reuid={user}", "--clear-groups"]);
        }

        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_gcServer"] = "0";
        var node = new NodeProcess(Process.Start(start)!, alarm);
        try
        {
            await node._ready.Task.WaitAsync(Patience);
            return node;
        }
        catch (Exception e)
        {
            await node.KillAsync();
            throw new InvalidOperationException($"{e.Message}\n{await node._errors}", e);
        }
    }

    /// <summary>Asks; the answer, or what went wrong, as an exception. Cancelled if the process ends first.</summary>
    public Task<string> AskAsync(string question)
    {
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            var number = ++_number;
            _asked[number] = answer;
            try
            {
                _process.StandardInput.WriteLine($"{number} {question}");
                _process.StandardInput.Flush();
            }
            catch (IOException)
            {
                answer.TrySetCanceled();
            }

            if (_reading.IsCompleted)
            {
                answer.TrySetCanceled();
            }
        }

        return answer.Task;
    }

    private async Task ReadAsync(Action<string, long>? alarm)
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ', 3);
            switch (words[0])
            {
                case "ready":
                    _ready.TrySetResult();
                    break;
                case "refused":
                    _ready.TrySetException(new InvalidOperationException(line));
                    break;
                case "alarm":
                    alarm?.Invoke(words[1], long.Parse(words[2]));
                    break;
                default:
                    // A line that the kill cut short is no answer.
                    if (words.Length == 3 && long.TryParse(words[0], out var number) && _asked.TryRemove(number, out var answer))
                    {
                        _ = words[1] == "ok" ? answer.TrySetResult(words[2]) : answer.TrySetException(new NodeError(words[2]));
                    }

                    break;
            }
        }

        _ready.TrySetException(new InvalidOperationException("The node ended before it was ready."));
        lock (_lock)
        {
            foreach (var answer in _asked.Values)
            {
                answer.TrySetCanceled();
            }
        }
    }

    /// <summary>SIGKILL, to this process alone; answers that it had given before still count.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
    }

    /// <summary>Lets it stop in good order.</summary>
    public async Task StopAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Patience);
        await _reading;
        if (_process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The node ended with {_process.ExitCode}: {await _errors}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }
}

/// <summary>What a node answered instead of a result: a code and a message.</summary>
internal sealed class NodeError(string message) : Exception(message)
{
    public string Code => Message.Split(' ')[0];
}
