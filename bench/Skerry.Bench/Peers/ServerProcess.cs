using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Skerry.Bench.Peers;

/// <summary>A server in a process of its own, ended by its id.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    private readonly Process process;
    private readonly int stopSignal;
    private readonly Queue<string> lastLines = new();

    private ServerProcess(ProcessStartInfo start, int stopSignal)
    {
        this.stopSignal = stopSignal;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        process = Process.Start(start) ?? throw new BenchException($"{start.FileName} did not start.");
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The signal that asks most programs to end.</summary>
    public const int SigTerm = 15;

    /// <summary>The signal that asks PostgreSQL to end without waiting for its clients.</summary>
    public const int SigInt = 2;

    /// <summary>Starts the server and waits until it answers.</summary>
    /// <param name="start">Program and arguments; output is read and its end shown if the start fails.</param>
    /// <param name="ready">Whether the server answers; asked again and again, may throw while it does not.</param>
    /// <param name="stopSignal">What asks the server to end.</param>
    /// <param name="cancel">Gives up, and ends the server.</param>
    public static async Task<ServerProcess> Start(
        ProcessStartInfo start, Func<CancellationToken, Task<bool>> ready, int stopSignal, CancellationToken cancel)
    {
        var server = new ServerProcess(start, stopSignal);
        try
        {
            var watch = Stopwatch.StartNew();
            while (!await Answers(ready, cancel))
            {
                if (server.process.HasExited || watch.Elapsed > TimeSpan.FromSeconds(60))
                {
                    throw new BenchException($"{start.FileName} does not answer. {server.LastWords()}");
                }

                await Task.Delay(50, cancel);
            }

            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The process's id.</summary>
    public int Id => process.Id;

    /// <summary>Ends it as a power cut would.</summary>
    public void Kill() => process.Kill();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            _ = Signal(process.Id, stopSignal);
            using var patience = new CancellationTokenSource(StopPatience);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
            }
        }

        process.Dispose();
    }

    private static async Task<bool> Answers(Func<CancellationToken, Task<bool>> ready, CancellationToken cancel)
    {
        try
        {
            return await ready(cancel);
        }
        catch (Exception error) when (error is HttpRequestException or Npgsql.NpgsqlException or IOException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (lastLines)
        {
            lastLines.Enqueue(line);
            if (lastLines.Count > 20)
            {
                lastLines.Dequeue();
            }
        }
    }

    private string LastWords()
    {
        lock (lastLines)
        {
            return lastLines.Count == 0 ? "It said nothing." : "It said: " + string.Join(" | ", lastLines);
        }
    }
}
