namespace Skerry.Storage.Relay.Fleet;

/// <summary>
/// Confirmed records that would be lost if certain nodes, all of them, lost their disks now. A record is safe as soon as
/// it is in the bucket; until then it is where the followers are that hold it.
/// </summary>
/// <param name="Leader">Whose records.</param>
/// <param name="Records">How many.</param>
/// <param name="Nodes">The nodes that would all have to go.</param>
public sealed record PossibleLoss(NodeInfo Leader, ulong Records, IReadOnlyList<NodeInfo> Nodes)
{
    /// <summary>
    /// The losses that the fewest nodes bring about, of each session that has confirmed what is not in the bucket yet;
    /// the most dangerous first.
    /// </summary>
    /// <remarks>
    /// Of a session, the newest confirmed record is held by the fewest: those are the nodes. What is lost with them is
    /// every record that none of the others holds.
    /// </remarks>
    public static IReadOnlyList<PossibleLoss> Of(IEnumerable<SessionFigures> sessions)
    {
        List<PossibleLoss> losses = [];
        foreach (var session in sessions.Where(static one => one.Confirmed > one.Uploaded))
        {
            // Whoever takes the session over asks its members only.
            var members = session.Followers.Where(static one => one.IsMember).ToList();
            var holders = members.Where(one => one.Held >= session.Confirmed).ToList();
            var elsewhere = members.Except(holders).Select(static one => one.Held).DefaultIfEmpty().Max();
            losses.Add(new(session.Node, session.Confirmed - Math.Max(elsewhere, session.Uploaded), [.. holders.Select(static one => one.Node)]));
        }

        return [.. losses.OrderBy(static one => one.Nodes.Count).ThenByDescending(static one => one.Records)];
    }
}
