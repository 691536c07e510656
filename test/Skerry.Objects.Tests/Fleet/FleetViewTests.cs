using Skerry.Storage.Buckets;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Fleet;
using Skerry.Storage.Relay.Security;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>The picture of a cluster, from a real bucket and over the real transport.</summary>
public sealed class FleetViewTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-view-");
    private readonly NodeCertificates _certificates = TestCertificates.FromNewKey();
    private readonly FileBucket _bucket;

    public FleetViewTests() => _bucket = FileBucket.Open(_folder.FullName);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _bucket.Dispose();
        _certificates.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task It_shows_every_open_session_with_what_its_node_says_or_why_that_is_not_known()
    {
        var self = Node(1, "127.0.0.1:1");
        var others = new Figures();
        await using var node = await RelayNode.StartAsync(new RecordingService(), _certificates, figures: others);
        var running = Node(2, node.Address);
        others.Now = Says(running, confirmed: 9, uploaded: 4, (self, 9), (running, 9), (Node(3, "x"), 4));
        var own = new Figures { Now = Says(self, confirmed: 7, uploaded: 7, (self, 7), (running, 7)) };
        await Open(self);
        await Open(running);
        await Open(Node(4, $"127.0.0.1:{FreePort.Next()}"));
        await Open(Node(5, node.Address));
        await Open(Node(6, "x"), SessionState.Recovering, self);
        await Open(Node(7, "x"), SessionState.Sealed);

        var report = await new FleetView("prod", _bucket, own, node.Transport, TimeProvider.System).LookAsync(Cancel);
        Assert.Equal(("prod", self), (report.Cluster, report.AskedBy));
        Assert.Equal(["n1", "n2", "n4", "n5", "n6"], report.Members.Select(static one => one.Node.Name));
        Assert.Equal(
            [FleetMemberState.Running, FleetMemberState.Running, FleetMemberState.Silent, FleetMemberState.Silent, FleetMemberState.Recovering],
            report.Members.Select(static one => one.State));
        Assert.Equivalent(others.Now, report.Members[1].Figures);
        Assert.All(report.Members, static one => Assert.Equal(one.State == FleetMemberState.Running, one.Problem is null));
        Assert.Contains("nobody listens", report.Members[2].Problem, StringComparison.Ordinal);
        Assert.Contains("started anew", report.Members[3].Problem, StringComparison.Ordinal);
        Assert.Contains("n1 takes it over", report.Members[4].Problem, StringComparison.Ordinal);

        // Only what is not in the bucket can be lost, and only with both who have it.
        var loss = Assert.Single(report.Losses);
        Assert.Equal((running, 5UL), (loss.Leader, loss.Records));
        Assert.Equal([self, running], loss.Nodes);
    }

    [Fact]
    public async Task A_node_without_a_session_says_so()
    {
        await using var node = await RelayNode.StartAsync(new RecordingService(), _certificates);
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => node.Transport.ReadFiguresAsync(node.Info, Cancel));
        Assert.Contains("no session", e.Message, StringComparison.Ordinal);
    }

    private static NodeInfo Node(int number, string address) => new(new((UInt128)number), new((UInt128)(number + 100)), $"n{number}", "z", address);

    private static SessionFigures Says(NodeInfo node, ulong confirmed, ulong uploaded, params (NodeInfo Node, ulong Held)[] followers) => new()
    {
        Node = node,
        Generation = 3,
        Appended = confirmed + 1,
        Confirmed = confirmed,
        Uploaded = uploaded,
        BytesNotUploaded = 123_456_789_012,
        Followers = [.. followers.Select(static one => new FollowerFigures(one.Node, one.Held % 2 == 1, true, one.Held))],
    };

    private Task Open(NodeInfo node, SessionState state = SessionState.Open, NodeInfo? recoverer = null) =>
        new SessionRecords(_bucket, TimeProvider.System, new Random(1)).CreateAsync(
            new() { Node = node, State = state, Generation = 1, Followers = [node], Recoverer = recoverer, RecoveryEpoch = recoverer is null ? 0 : 1 }, Cancel);

    private sealed class Figures : ISessionFigures
    {
        public SessionFigures Now { get; set; } = null!;

        public SessionFigures Read() => Now;
    }
}
