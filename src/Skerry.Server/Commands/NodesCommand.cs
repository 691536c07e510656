using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Skerry.Server.Management;
using Skerry.Server.Management.Nodes;
using Spectre.Console;

namespace Skerry.Server.Commands;

/// <summary><c>skerry nodes</c>: the cluster's members, and what would be lost with which of them.</summary>
internal static class NodesCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("nodes", "the nodes of the cluster, and what would be lost if which of them died now");
        var connection = NodeConnection.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = connection.Open(parsed, forNode: true);
            var (result, _) = await api.AskAsync(HttpMethod.Get, $"{await api.AccountPathAsync(cancel)}/skerry/nodes", null, cancel);
            if (connection.IsJson(parsed))
            {
                CommandOutput.Json(result);
            }
            else
            {
                Show(new(), result.Deserialize(ManagementJson.Readable.FleetResult)!);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static void Show(CommandOutput output, FleetResult fleet)
    {
        output.Table(
            ["NAME", "ZONE", "STATE", "ADDRESS", "FOLLOWERS", "LAG", "NOT IN BUCKET"],
            fleet.Nodes.Select(one => (IReadOnlyList<string>)
            [
                Markup.Escape(one.Name),
                Markup.Escape(one.Zone),
                one.State is "running" or "alone" ? $"[green]{one.State}[/]" : $"[red]{one.State}[/]",
                Markup.Escape(one.Address ?? "-"),
                one.Log is { } log ? string.Join(' ', log.Followers.Select(Follower)) : "-",
                one.Log is { } lagging ? LagOf(lagging) : "-",
                one.Log is { } pending ? $"{CommandOutput.Bytes(pending.BytesNotUploaded)}" : "-",
            ]));
        foreach (var one in fleet.Nodes.Where(static one => one.Problem is not null))
        {
            output.Line($"[yellow]{one.Name}: {one.Problem}[/]");
        }

        foreach (var line in LossForecast.Describe(fleet))
        {
            if (line.IsBad)
            {
                output.Line($"[red]{line.Text}[/]");
            }
            else
            {
                output.Line($"[green]{line.Text}[/]");
            }
        }
    }

    private static string Follower(FollowerResult follower) => follower.State switch
    {
        "following" => Markup.Escape(follower.Name),
        "joining" => $"[yellow]{Markup.Escape(follower.Name)}(joining)[/]",
        _ => $"[red]{Markup.Escape(follower.Name)}(lost)[/]",
    };

    // Of those that count: one that is joining or gone is behind by nature.
    private static string LagOf(FiguresResult log) => string.Create(
        CultureInfo.InvariantCulture,
        $"{log.Followers.Where(static one => one.State == "following").Select(static one => one.Lag).DefaultIfEmpty().Max()} records");
}
