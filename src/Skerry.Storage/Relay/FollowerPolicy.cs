namespace Skerry.Storage.Relay;

/// <summary>
/// Which nodes a session wants to hold its log: five others if there are five, three others if there are three, itself
/// and both others if there are two, itself and the other if there is one, itself alone if there is none.
/// </summary>
public static class FollowerPolicy
{
    /// <summary>Chooses from nodes that are well.</summary>
    /// <param name="self">The leader's node.</param>
    /// <param name="others">Other nodes that are well.</param>
    /// <param name="current">Nodes that follow already; they are preferred over others of an equally good zone.</param>
    public static IReadOnlyList<NodeInfo> Choose(NodeInfo self, IReadOnlyCollection<NodeInfo> others, IReadOnlySet<NodeId> current) =>
        others.Count switch
        {
            >= 5 => Pick(self, others, current, 5),
            >= 3 => Pick(self, others, current, 3),
            _ => [self, .. others.OrderBy(static node => node.Id)],
        };

    /// <summary>
    /// True if <paramref name="wanted"/> is worth a change. A set with members that are not well is given up for one
    /// that can lose more nodes before writes wait; one that is well only for a larger one, for more zones, or for one
    /// that does without the leader itself.
    /// </summary>
    public static bool IsBetter(NodeInfo self, IReadOnlyList<NodeInfo> wanted, IReadOnlyList<NodeInfo> current, Func<NodeInfo, bool> isWell)
    {
        var well = current.Count(isWell);
        if (well < current.Count)
        {
            return Spare(wanted.Count, wanted.Count(isWell)) > Spare(current.Count, well);
        }

        return wanted.Count > current.Count
            || (wanted.Count == current.Count
                && (Zones(wanted) > Zones(current) || (current.Contains(self) && !wanted.Contains(self))));
    }

    /// <summary>How many of the members that are well can be lost before writes wait.</summary>
    private static int Spare(int members, int well) => well - ((members / 2) + 1);

    private static int Zones(IEnumerable<NodeInfo> nodes) => nodes.Select(static node => node.Zone).Distinct(StringComparer.Ordinal).Count();

    /// <summary>Takes the least used zone each time; the leader's own counts as used, for it is what followers have to outlive.</summary>
    private static List<NodeInfo> Pick(NodeInfo self, IEnumerable<NodeInfo> others, IReadOnlySet<NodeId> current, int count)
    {
        var used = new Dictionary<string, int>(StringComparer.Ordinal) { [self.Zone] = 1 };
        var left = others.ToList();
        var picked = new List<NodeInfo>(count);
        while (picked.Count < count)
        {
            var best = left
                .OrderBy(node => used.GetValueOrDefault(node.Zone))
                .ThenBy(node => current.Contains(node.Id) ? 0 : 1)
                .ThenBy(static node => node.Id)
                .First();
            left.Remove(best);
            picked.Add(best);
            used[best.Zone] = used.GetValueOrDefault(best.Zone) + 1;
        }

        return picked;
    }
}
