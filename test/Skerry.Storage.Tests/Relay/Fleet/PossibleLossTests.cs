using CsCheck;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Fleet;

namespace Skerry.Storage.Tests.Relay.Fleet;

public sealed class PossibleLossTests
{
    private static readonly NodeInfo[] Nodes =
        [.. Enumerable.Range(0, 6).Select(i => new NodeInfo(new((UInt128)i + 1), new((UInt128)i + 100), $"n{i}", "z", $"127.0.0.1:{i + 1}"))];

    private static readonly Gen<SessionFigures> Session =
        from uploaded in Gen.ULong[0, 4]
        from confirmed in Gen.ULong[0, 8]
        from count in Gen.Int[1, 5]
        from held in Gen.ULong[0, 10].Array[count]
        from members in Gen.Bool.Array[count]
        select new SessionFigures
        {
            Node = Nodes[0],
            Uploaded = uploaded,
            Confirmed = Math.Max(confirmed, uploaded),
            Followers = [.. held.Select((one, i) => new FollowerFigures(Nodes[i + 1], true, members[i] || i == 0, one))],
        };

    // Every set of nodes is tried: what survives is what a member outside of the set holds.
    [Fact]
    public void It_names_the_smallest_set_of_nodes_that_takes_anything_along_and_how_much() => Session.Sample(session =>
    {
        var members = session.Followers.Where(one => one.IsMember).ToArray();
        var smallest = Enumerable.Range(0, 1 << members.Length)
            .Select(set => (Size: System.Numerics.BitOperations.PopCount((uint)set), Lost: Lost(session, members.Where((_, i) => (set & (1 << i)) == 0))))
            .Where(one => one.Lost > 0)
            .DefaultIfEmpty((Size: -1, Lost: 0))
            .MinBy(one => one.Size);
        var found = PossibleLoss.Of([session]);
        if (smallest.Size < 0)
        {
            Assert.Empty(found);
            return;
        }

        var loss = Assert.Single(found);
        Assert.Equal(smallest.Size, loss.Nodes.Count);
        Assert.Equal(Lost(session, members.Where(one => !loss.Nodes.Contains(one.Node))), (long)loss.Records);
    });

    [Fact]
    public void The_most_dangerous_comes_first()
    {
        var safe = With(confirmed: 9, (1, 9), (2, 9), (3, 9));
        var risky = With(confirmed: 5, (1, 5), (2, 0), (3, 4));
        Assert.Equal([1, 3], PossibleLoss.Of([safe, risky]).Select(one => one.Nodes.Count));
    }

    private static SessionFigures With(ulong confirmed, params (int Node, ulong Held)[] followers) => new()
    {
        Node = Nodes[0],
        Confirmed = confirmed,
        Followers = [.. followers.Select(one => new FollowerFigures(Nodes[one.Node], true, true, one.Held))],
    };

    private static long Lost(SessionFigures session, IEnumerable<FollowerFigures> left)
    {
        var kept = Math.Max(session.Uploaded, left.Select(one => one.Held).DefaultIfEmpty().Max());
        return Math.Max(0, (long)session.Confirmed - (long)kept);
    }
}
