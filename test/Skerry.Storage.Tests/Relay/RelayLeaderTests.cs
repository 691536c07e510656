using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Relay;

/// <summary>The leader's decisions, with time and answers given by hand. Timestamps are milliseconds.</summary>
public sealed class RelayLeaderTests : IRelayLeaderEffects
{
    private readonly NodeInfo[] _nodes =
        [.. Enumerable.Range(0, 9).Select(i => new NodeInfo(new NodeId((UInt128)i), new SessionId((UInt128)i), $"n{i}", $"z{i}", $"h{i}:1"))];

    private readonly List<string> _done = [];
    private readonly HashSet<NodeId> _connected = [];
    private readonly HashSet<NodeId> _lost = [];
    private RelayLeaderOptions _options = new() { TimestampFrequency = 1_000 };
    private RelayLeader _leader = null!;
    private long _now = 1_000;
    private ulong _confirmed;
    private int _failed;

    [Fact]
    public void Reads_are_answered_for_as_long_as_a_quorum_has_granted()
    {
        Start(1, 2, 3);
        Assert.Equal(long.MinValue, _leader.LeaseUntil);
        Ack(1, 0, sentAt: 1_000);
        Assert.Equal(long.MinValue, _leader.LeaseUntil);
        _now = 1_200;
        Ack(2, 0, sentAt: 1_150);
        Assert.Equal(1_900, _leader.LeaseUntil);
        Ack(3, 0, sentAt: 1_100);
        Assert.Equal(2_000, _leader.LeaseUntil);

        // Late and impossible answers change nothing.
        Ack(3, 0, sentAt: 900);
        Ack(3, 0, sentAt: 5_000);
        Assert.Equal(2_000, _leader.LeaseUntil);
        _leader.Refused(_nodes[2].Id, 4, _now);
        Assert.Equal(long.MinValue, _leader.LeaseUntil);
    }

    [Fact]
    public void A_change_asks_both_sets_from_before_the_write_until_its_answer()
    {
        Start(1, 2, 3);
        Live(1, 2, 3, 4);
        Append(10);
        Ack(1, 10);
        Ack(2, 10);
        Assert.Equal(10ul, _confirmed);
        Lose(1);
        Assert.Contains(_nodes[4].Id, _connected);
        Assert.Empty(_done);

        Up(4, 0);
        Pass(200);
        Assert.Empty(_done);
        Ack(4, 10);
        Assert.Equal(["write 2: n2 n3 n4"], _done);

        // A quorum of the old set alone does not do now, nor one of the new set alone.
        Append(12);
        Ack(2, 12);
        Assert.Equal(10ul, _confirmed);
        Ack(4, 12);
        Assert.Equal(10ul, _confirmed);
        Ack(3, 11);
        Assert.Equal(11ul, _confirmed);
        Ack(1, 12);
        Assert.Equal(12ul, _confirmed);
        Append(13);
        Ack(3, 13);
        Ack(4, 13);
        Assert.Equal(12ul, _confirmed);
        Answer();
        Assert.Equal(13ul, _confirmed);
        Assert.DoesNotContain(_nodes[1].Id, _connected);
        Assert.Equal(2, _leader.Record.Generation);
    }

    [Fact]
    public void A_write_that_was_certainly_refused_is_given_up_and_tried_again()
    {
        StartChange();
        _leader.RecordNotWritten(_now);
        Append(11);
        Ack(2, 11);
        Ack(3, 11);
        Assert.Equal(11ul, _confirmed);
        _done.Clear();
        Ack(4, 11);
        Pass(600);
        Assert.Equal(["write 2: n2 n3 n4"], _done);
    }

    [Fact]
    public void As_long_as_the_outcome_is_unknown_both_sets_are_asked()
    {
        StartChange();
        _leader.RecordUnknown(_now);
        Append(11);
        Ack(2, 11);
        Ack(1, 11);
        Assert.Equal(10ul, _confirmed);
        _done.Clear();
        Pass(600);
        Assert.Equal(["read"], _done);

        // The old record is no proof: the write may be on its way still. It is written again, not given up.
        _done.Clear();
        _leader.RecordConflict(_leader.Record, _now);
        Assert.Equal(["write 2: n2 n3 n4"], _done);
        Assert.Equal(10ul, _confirmed);
        _leader.RecordNotWritten(_now);
        Assert.Equal(10ul, _confirmed);
        Pass(600);
        _leader.RecordConflict(_leader.Record with { Generation = 2, Followers = [_nodes[2], _nodes[3], _nodes[4]] }, _now);
        Assert.Equal(2, _leader.Record.Generation);
        Ack(3, 11);
        Assert.Equal(11ul, _confirmed);
    }

    [Theory]
    [InlineData(SessionState.Recovering)]
    [InlineData(SessionState.Sealed)]
    public void A_record_that_is_not_open_fences(SessionState state)
    {
        StartChange();
        Append(12);
        _leader.RecordConflict(_leader.Record with { State = state, RecoveryEpoch = 1 }, _now);
        Assert.True(_leader.IsFenced);
        Assert.Contains("fenced", _done);
        Assert.Equal(2, _failed);
        Ack(2, 12);
        Ack(3, 12);
        Assert.Equal(10ul, _confirmed);
    }

    [Fact]
    public void What_the_old_set_confirmed_is_on_a_quorum_of_the_new_set_before_the_write()
    {
        // 1, 2 and 3 have confirmed what 4 and 5 lack; with 1 and 2 lost, 4 and 5 would be a quorum of the three left.
        _options = _options with { LagMax = TimeSpan.FromHours(1) };
        Start(1, 2, 3, 4, 5);
        Append(10);
        Ack(1, 10);
        Ack(2, 10);
        Ack(3, 10);
        Ack(4, 3);
        Assert.Equal(10ul, _confirmed);
        Lose(1, 2);
        Pass(1_000);
        Assert.Empty(_done);
        Ack(5, 10);
        Pass(50);
        Assert.Equal(["write 2: n3 n4 n5"], _done);
    }

    [Fact]
    public void Two_copies_never_become_one()
    {
        Start(0, 1);
        Append(1);
        Ack(0, 1);
        Ack(1, 1);
        Lose(1);
        Pass(5_000);
        Assert.Equal(["read"], _done);
        _leader.RecordConflict(_leader.Record, _now);
        Append(2);
        Ack(0, 2);
        Assert.Equal(1ul, _confirmed);
    }

    [Fact]
    public void A_leader_that_stood_still_does_not_blame_its_followers()
    {
        Start(1, 2, 3);
        Live(1, 2, 3, 4);
        Up(1, 0);
        Up(2, 0);
        Up(3, 0);
        _connected.Clear();
        _done.Clear();
        _now += 60_000;
        _leader.Tick(_now);
        Assert.Empty(_connected);

        // It may have been taken over meanwhile, and looks.
        Assert.Equal(["read"], _done);
        _leader.RecordConflict(_leader.Record, _now);
        Pass(100);
        Assert.Empty(_connected);
        Assert.Equal(["read"], _done);
    }

    [Fact]
    public void A_leader_without_a_quorum_looks_whether_it_has_been_taken_over()
    {
        Start(1, 2, 3);
        Live(1, 2, 3, 4, 5);
        Pass(5_000);
        Assert.Empty(_done);
        Lose(1, 2);
        Pass(2_400);
        Assert.Equal(["read"], _done);

        // What is being read is not to be mistaken for the answer to a write.
        Up(4, 0);
        Up(5, 0);
        Pass(100);
        Assert.Equal(["read"], _done);
        _leader.RecordConflict(_leader.Record with { State = SessionState.Recovering, RecoveryEpoch = 1 }, _now);
        Assert.Equal(["read", "fenced"], _done);
    }

    [Fact]
    public void A_leader_that_is_cut_off_looks_again_and_again_and_goes_on_if_it_may()
    {
        Start(1, 2, 3);
        Lose(1, 2);
        Pass(2_000);
        _leader.RecordConflict(_leader.Record, _now);
        Pass(2_100);
        Assert.Equal(["read", "read"], _done);
        _leader.RecordNotWritten(_now);
        _lost.Clear();
        Append(1);
        Ack(1, 1);
        Ack(2, 1);
        Assert.Equal(1ul, _confirmed);
        Pass(5_000);
        Assert.Equal(["read", "read"], _done);
        Assert.False(_leader.IsFenced);
    }

    [Fact]
    public void Zones_are_spread_and_followers_stay_where_that_is_as_good()
    {
        NodeInfo Node(int id, string zone) => _nodes[id] with { Zone = zone };
        var self = Node(0, "a");
        NodeInfo[] others = [Node(1, "a"), Node(2, "b"), Node(3, "b"), Node(4, "c"), Node(5, "a")];
        string Chosen(int count, params int[] current) => string.Join(' ', FollowerPolicy
            .Choose(self, others[..count], current.Select(i => _nodes[i].Id).ToHashSet())
            .Select(node => node.Name).Order());
        Assert.Equal("n0", Chosen(0));
        Assert.Equal("n0 n1", Chosen(1));
        Assert.Equal("n0 n1 n2", Chosen(2));
        Assert.Equal("n1 n2 n4", Chosen(4));
        Assert.Equal("n1 n3 n4", Chosen(4, 3));
        Assert.Equal("n1 n2 n3 n4 n5", Chosen(5));
    }

    [Fact]
    public void A_follower_that_lost_its_disk_does_not_count_for_what_it_lost()
    {
        Start(1, 2, 3);
        Append(5);
        Ack(1, 5);
        Up(1, 2);
        Ack(2, 5);
        Assert.Equal(2ul, _confirmed);
        Ack(1, 5);
        Assert.Equal(5ul, _confirmed);
    }

    void Skerry.Storage.Log.ILogLeaderEffects.Confirmed(ulong first, ulong last)
    {
        Assert.Equal(_confirmed + 1, first);
        _confirmed = last;
    }

    void Skerry.Storage.Log.ILogLeaderEffects.Failed(ulong first, ulong last, StorageException error) => _failed += (int)(last - first + 1);

    void IRelayLeaderEffects.Connect(NodeInfo node) => _connected.Add(node.Id);

    void IRelayLeaderEffects.Disconnect(NodeId node) => _connected.Remove(node);

    void IRelayLeaderEffects.WriteRecord(SessionRecord desired) =>
        _done.Add($"write {desired.Generation}: {string.Join(' ', desired.Followers.Select(node => node.Name).Order())}");

    void IRelayLeaderEffects.ReadRecord() => _done.Add("read");

    void IRelayLeaderEffects.Fenced(StorageException reason) => _done.Add("fenced");

    private void Start(params int[] followers) => _leader = new RelayLeader(
        this,
        _options,
        new SessionRecord { Node = _nodes[0], State = SessionState.Open, Generation = 1, Followers = [.. followers.Select(i => _nodes[i])] },
        _now);

    /// <summary>1, 2 and 3 follow; 1 is lost, and the write that puts 4 in its place is on its way.</summary>
    private void StartChange()
    {
        Start(1, 2, 3);
        Live(1, 2, 3, 4);
        Append(10);
        Ack(1, 10);
        Ack(2, 10);
        Ack(3, 10);
        Lose(1);
        Up(4, 10);
        Assert.Equal(["write 2: n2 n3 n4"], _done);
    }

    private void Answer() =>
        _leader.RecordWritten(_leader.Record with { Generation = 2, Followers = [_nodes[2], _nodes[3], _nodes[4]] }, _now);

    private void Live(params int[] nodes) => _leader.PeersChanged([.. nodes.Select(i => _nodes[i])], _now);

    private void Append(ulong last) => _leader.AppendedTo(last, _now);

    private void Up(int node, ulong held) => _leader.LinkUp(_nodes[node].Id, held, _now);

    private void Ack(int node, ulong held, long? sentAt = null) => _leader.Acknowledged(_nodes[node].Id, held, sentAt ?? _now, _now);

    /// <summary>Time passes; who is connected and not lost sends heartbeats.</summary>
    private void Pass(long milliseconds)
    {
        for (var rest = milliseconds; rest > 0; rest -= 50)
        {
            _now += Math.Min(50, rest);
            foreach (var link in _leader.Links.Where(link => !_lost.Contains(link.Node.Id)).ToArray())
            {
                _leader.Acknowledged(link.Node.Id, link.Held, _now, _now);
            }

            _leader.Tick(_now);
        }
    }

    /// <summary>Followers fall silent, for long enough that it is noticed.</summary>
    private void Lose(params int[] lost)
    {
        _lost.UnionWith(lost.Select(i => _nodes[i].Id));
        Pass(600);
    }
}
