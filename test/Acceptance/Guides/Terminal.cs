using System.Diagnostics;
using System.Text;
using System.Threading.Channels;

namespace Acceptance.Guides;

/// <summary>One terminal, in which everything of a guide is typed: a shell that keeps its functions, variables and jobs.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    // A restore and a build are under it, on a machine that others load.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(4);

    private readonly DirectoryInfo _typed = Directory.CreateTempSubdirectory("skerry-typed-");
    private readonly Process _shell;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private int _blocks;

    public Terminal(string folder)
    {
        var start = new ProcessStartInfo("bash", ["--noprofile", "--norc"]) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var variable in start.Environment.Keys.Where(static name => name.StartsWith("SKERRY_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(variable);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_NOLOGO"] = "1";
        _shell = new Process { StartInfo = start };
        _shell.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                _lines.Writer.TryWrite(text);
            }
            else
            {
                _lines.Writer.TryComplete();
            }
        };
        _shell.Start();
        _shell.BeginOutputReadLine();
        _shell.StandardInput.WriteLine("exec 2>&1; set -eo pipefail");
    }

    /// <summary>Runs commands as they stand, to their end; answers what they printed. What they leave in the background stays.</summary>
    public async Task<string> RunAsync(string commands)
    {
        // The shell ends when a command fails. Nobody but the shell reads what is typed.
        var end = $"-- end of block {++_blocks}";
        var block = Path.Combine(_typed.FullName, $"{_blocks}.sh");
        await File.WriteAllTextAsync(block, commands);
        await _shell.StandardInput.WriteLineAsync($". '{block}' </dev/null; echo; echo '{end}'");
        await _shell.StandardInput.FlushAsync();
        var output = new StringBuilder();
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(patience.Token))
            {
                if (line == end)
                {
                    return output.ToString();
                }

                output.AppendLine(line);
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{commands}\nhas not ended within {s_patience}:\n{output}");
        }

        Assert.Fail($"{commands}\nhas failed:\n{output}");
        return "";
    }

    public async ValueTask DisposeAsync()
    {
        if (!_shell.HasExited)
        {
            _shell.Kill(entireProcessTree: true);
        }

        await _shell.WaitForExitAsync();
        _shell.Dispose();
        _typed.Delete(recursive: true);
    }
}
