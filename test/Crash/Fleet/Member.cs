using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Skerry.Objects.Tests.Fleet;

namespace Skerry.Crash.Fleet;

/// <summary>A node of a fleet in a process of its own, as the one that started it sees it. One question at a time.</summary>
internal sealed partial class Member : IAsyncDisposable
{
    public const int SigCont = 18;
    public const int SigStop = 19;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly string _folder;

    private Member(Process process, string folder)
    {
        _process = process;
        _folder = folder;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    public static async Task<Member> StartAsync(string redis, string cluster)
    {
        var folder = Directory.CreateTempSubdirectory("skerry-member-").FullName;
        var settings = new MemberSettings(folder, redis, cluster, FreePort.Next());
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Crash"), ["member", JsonSerializer.Serialize(settings)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var member = new Member(Process.Start(start)!, folder);
        Assert.Equal("ready", await member.ReadAsync());
        return member;
    }

    /// <summary>
    /// The process that an object is in, asked through this node. A call that was on its way to a node when that died may
    /// have run or not, so it fails; asking twice does no harm.
    /// </summary>
    public async Task<int> WhereIsAsync(string name)
    {
        while (true)
        {
            var answer = await AskAsync(name);
            if (!answer.StartsWith("error node_lost", StringComparison.Ordinal))
            {
                return int.Parse(answer, CultureInfo.InvariantCulture);
            }
        }
    }

    public async Task<string> AskAsync(string question)
    {
        await _process.StandardInput.WriteLineAsync(question);
        await _process.StandardInput.FlushAsync();
        return await ReadAsync();
    }

    private async Task<string> ReadAsync() => await _process.StandardOutput.ReadLineAsync().WaitAsync(s_patience)
        ?? throw new InvalidOperationException($"The node has ended: {await _errors}");

    /// <summary>Sends this process a signal.</summary>
    public void Signal(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    /// <summary>SIGKILL, to this process alone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits until the process ends by itself; its exit code, and what it said.</summary>
    public async Task<(int Code, string Errors)> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(s_patience);
        return (_process.ExitCode, await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
