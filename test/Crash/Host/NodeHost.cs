using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skerry.Objects;

namespace Skerry.Crash.Host;

/// <summary>
/// A node with ledgers, driven by lines: <c>NUMBER step|state|fill NAME [ARGUMENT]</c>, answered in any order by
/// <c>NUMBER ok RESULT</c> or <c>NUMBER error CODE MESSAGE</c>; <c>NUMBER status</c> asks for figures; the end of input
/// stops it in good order. An alarm that runs says <c>alarm ID VERSION</c>.
/// </summary>
internal static class NodeHost
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        // Everything small: whatever happens now and then in a node's life happens all the time here.
        var small = arguments.Contains("--small");
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new());
        builder.Logging.AddConsole(static o => o.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);
        var lines = new AnswerLines();
        builder.Services.AddSingleton(lines);
        builder.AddSkerry(o =>
        {
            o.DataFolder = arguments[0];
            if (small)
            {
                o.Storage.LogSegmentBytes = 128 << 10;
                o.Storage.CheckpointBytes = 256 << 10;
                o.Storage.HistoryBytesMax = 512 << 10;
                o.Storage.UnflushedPagesMax = 8;
                o.OpenDatabasesMax = 8;
                o.ActiveObjectsMax = 20;
                o.IdleEvict = TimeSpan.FromMilliseconds(100);
            }
        }).AddDurableObject<ILedger, Ledger>();
        using var host = builder.Build();
        try
        {
            await host.StartAsync();
        }
        catch (Skerry.Storage.StorageException e)
        {
            lines.Write($"refused {e.Message}");
            return 3;
        }

        lines.Write("ready");
        var ledgers = host.Services.GetRequiredService<DurableObjectNamespace<ILedger>>();
        var node = host.Services.GetRequiredService<NodeStatus>();
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            _ = AnswerAsync(words);
        }

        await host.StopAsync();
        return 0;

        async Task AnswerAsync(string[] words)
        {
            try
            {
                await Task.Yield();
                object result = words[1] switch
                {
                    "step" => await ledgers.GetByName(words[2]).Step(words[2]),
                    "state" => await ledgers.GetByName(words[2]).State(),
                    "fill" => await ledgers.GetByName(words[2]).Fill(int.Parse(words[3], CultureInfo.InvariantCulture)),
                    "id" => ledgers.IdFromName(words[2]).ToString(),
                    _ => Status(node),
                };
                lines.Write($"{words[0]} ok {result}");
            }
            catch (Exception e)
            {
                var code = e is DurableObjectException known ? known.Code : e is Skerry.Storage.StorageException ? "storage_failed" : e.GetType().Name;
                lines.Write($"{words[0]} error {code} {e.Message.ReplaceLineEndings(" ")}");
            }
        }
    }

    private static string Status(NodeStatus node) => string.Create(
        CultureInfo.InvariantCulture,
        $"{node.ActiveObjects} {node.OpenDatabases} {node.PendingAlarms} {Environment.WorkingSet} {node.StorageTrouble ?? "-"}");
}
