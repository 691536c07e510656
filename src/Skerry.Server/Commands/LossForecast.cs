using System.Globalization;
using Skerry.Server.Management.Nodes;

namespace Skerry.Server.Commands;

/// <summary>Says in sentences what would be lost if which nodes died now.</summary>
internal static class LossForecast
{
    /// <summary>The sentences; bad ones are about losses that one node alone would bring about, or about what nobody knows.</summary>
    public static IEnumerable<(string Text, bool IsBad)> Describe(FleetResult fleet)
    {
        if (fleet.Cluster is null)
        {
            yield return ("This node is alone: what it has confirmed is on its own disk, and would be lost with it. Keep backups.", true);
            yield break;
        }

        if (fleet.Unknown.Count > 0)
        {
            yield return ($"What {Join(fleet.Unknown)} confirmed last is not known here; its followers have it, and others are taking it over.", true);
        }

        if (fleet.Losses is not [var worst, ..])
        {
            yield return ("If all nodes died now, nothing would be lost: everything that is confirmed is in the bucket.", false);
            yield break;
        }

        switch (worst.Nodes.Count)
        {
            case 0:
                yield return ($"{Records(worst)} of {worst.Leader} are on no follower; they are lost if {worst.Leader} dies.", true);
                break;
            case 1:
                foreach (var loss in fleet.Losses.Where(static one => one.Nodes.Count == 1))
                {
                    yield return ($"If {loss.Nodes[0]} died now, {Records(loss)} of {loss.Leader} would be lost: no other node has them, and they are not in the bucket yet.", true);
                }

                break;
            case var count:
                // More may die without loss at this moment, but a session can be taken over only while a seal quorum of its followers lives.
                var safe = Math.Min(count - 1, Followers(fleet, worst.Leader) is { } followers ? followers / 2 : count - 1);
                if (safe > 0)
                {
                    yield return ($"If any {(safe == 1 ? "one" : safe.ToString(CultureInfo.InvariantCulture))} of these nodes died now, nothing would be lost.", false);
                }

                yield return ($"Only if {Join(worst.Nodes)} all died now, {Records(worst)} of {worst.Leader} would be.", false);
                break;
        }
    }

    private static int? Followers(FleetResult fleet, string leader) =>
        fleet.Nodes.FirstOrDefault(one => one.Name == leader)?.Log?.Followers.Count(static f => f.State != "joining");

    private static string Records(LossResult loss) =>
        string.Create(CultureInfo.InvariantCulture, $"{loss.Records} confirmed {(loss.Records == 1 ? "write" : "writes")}");

    private static string Join(IReadOnlyList<string> names) =>
        names.Count == 1 ? names[0] : $"{string.Join(", ", names.SkipLast(1))} and {names[^1]}";
}
