using CsCheck;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Log;

public sealed class LogLeaderTests
{
    [Fact]
    public void One_member_is_its_own_quorum()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, Nodes(0), 10);
        leader.Submit(11, 13);
        Assert.Equal(10ul, leader.Decided);
        leader.Persisted(Node(0), 12);
        leader.Persisted(Node(0), 13);
        Assert.Equal([11ul, 12, 13], effects.Confirmed);
    }

    [Fact]
    public void Three_of_five_confirm_and_two_are_not_enough()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, Nodes(0, 1, 2, 3, 4), 0);
        leader.Submit(1, 4);
        leader.Persisted(Node(0), 4);
        leader.Persisted(Node(3), 4);
        Assert.Empty(effects.Confirmed);
        leader.Persisted(Node(1), 2);
        Assert.Equal([1ul, 2], effects.Confirmed);
    }

    [Fact]
    public void A_failure_is_final_only_when_no_majority_is_left()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, Nodes(0, 1, 2), 0);
        leader.Submit(1, 2);
        leader.Failed(Node(0), 1, new StorageException("full"));
        Assert.Empty(effects.Failed);
        leader.Failed(Node(1), 2, new StorageException("full too"));
        Assert.Empty(effects.Failed);
        leader.Persisted(Node(1), 1);
        leader.Persisted(Node(2), 1);
        Assert.Equal([1ul], effects.Confirmed);
        Assert.Equal([2ul], effects.Failed);
    }

    [Fact]
    public void After_a_failure_the_next_records_are_confirmed_again()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, Nodes(0), 0);
        leader.Submit(1, 2);
        leader.Failed(Node(0), 1, new StorageException("full"));
        leader.Submit(3, 3);
        leader.Persisted(Node(0), 3);
        Assert.Equal([1ul, 2], effects.Failed);
        Assert.Equal([3ul], effects.Confirmed);
    }

    [Fact]
    public void Wrong_inputs_are_refused()
    {
        var leader = new LogLeader(new Effects(), Nodes(0, 1), 0);
        Assert.Throws<ArgumentException>(() => new LogLeader(new Effects(), [], 0));
        Assert.Throws<ArgumentException>(() => new LogLeader(new Effects(), Nodes(1, 1), 0));
        Assert.Throws<InvalidOperationException>(() => leader.Submit(2, 3));
        Assert.Throws<InvalidOperationException>(() => leader.Persisted(Node(0), 1));
        Assert.Throws<InvalidOperationException>(leader.CommitChange);
        Assert.Throws<InvalidOperationException>(leader.AbortChange);
        Assert.Throws<ArgumentException>(() => leader.BeginChange([], Nothing));
        leader.BeginChange(Nodes(1, 2), Nothing);
        Assert.Throws<InvalidOperationException>(() => leader.BeginChange(Nodes(3), Nothing));
    }

    [Fact]
    public void While_the_members_change_both_majorities_are_needed()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, Nodes(0, 1, 2), 0);
        leader.Submit(1, 4);
        leader.Persisted(Node(0), 2);
        leader.Persisted(Node(1), 2);
        leader.BeginChange(Nodes(2, 3, 4), new Dictionary<NodeId, ulong> { [Node(3)] = 2 });
        Assert.False(leader.IsChangeCovered);
        leader.Persisted(Node(0), 4);
        leader.Persisted(Node(1), 4);
        Assert.Equal([1ul, 2], effects.Confirmed);
        leader.Persisted(Node(4), 3);
        Assert.True(leader.IsChangeCovered);
        Assert.Equal([1ul, 2], effects.Confirmed);
        leader.Persisted(Node(3), 3);
        Assert.Equal([1ul, 2, 3], effects.Confirmed);
        leader.CommitChange();
        leader.Persisted(Node(2), 4);
        Assert.Equal([1ul, 2, 3], effects.Confirmed);
        leader.Persisted(Node(4), 4);
        Assert.Equal([1ul, 2, 3, 4], effects.Confirmed);
    }

    [Fact]
    public void An_aborted_change_leaves_the_old_majority_to_decide()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, Nodes(0), 0);
        leader.BeginChange(Nodes(0, 1), Nothing);
        leader.Submit(1, 1);
        leader.Persisted(Node(0), 1);
        Assert.Empty(effects.Confirmed);
        leader.AbortChange();
        Assert.Equal([1ul], effects.Confirmed);
        Assert.Equal(Nodes(0), leader.Members);
    }

    [Fact]
    public void A_member_that_lost_what_it_held_does_not_count_for_it()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, Nodes(0, 1, 2), 0);
        leader.Submit(1, 3);
        leader.Persisted(Node(0), 3);
        leader.Lost(Node(0), 1);
        leader.Persisted(Node(1), 3);
        Assert.Equal([1ul], effects.Confirmed);
    }

    [Fact]
    public void A_member_that_could_not_hold_what_others_had_decided_covers_no_change()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, Nodes(0, 1, 2, 3, 4), 0);
        leader.Submit(1, 3);
        leader.Persisted(Node(1), 3);
        leader.Persisted(Node(2), 3);
        leader.Persisted(Node(3), 3);
        leader.Failed(Node(0), 1, new StorageException("full"));
        leader.Submit(4, 4);
        leader.Persisted(Node(0), 4);
        leader.BeginChange(Nodes(0), Nothing);
        Assert.False(leader.IsChangeCovered);

        // What is in the bucket nobody need have.
        leader.Uploaded(2);
        Assert.False(leader.IsChangeCovered);
        leader.Uploaded(3);
        Assert.True(leader.IsChangeCovered);
    }

    [Fact]
    public void Decisions_are_ordered_final_and_never_ahead_of_a_quorum() =>
        Gen.Select(
            Gen.Int[1, 5],
            Gen.Select(Gen.Int[0, 99], Gen.Int[0, 6], Gen.Int[0, 7]).Array[0, 80])
            .Sample((size, steps) => new Model(size).Play(steps), iter: 10_000);

    private static Dictionary<NodeId, ulong> Nothing => [];

    private static NodeId Node(int number) => new((UInt128)number);

    private static NodeId[] Nodes(params int[] numbers) => [.. numbers.Select(Node)];

    /// <summary>Knows of each node, record by record, what it holds and what it can never hold, and counts.</summary>
    private sealed class Model
    {
        private const int NodeCount = 8;
        private readonly Effects _effects = new();
        private readonly LogLeader _leader;
        private readonly HashSet<ulong>[] _held = [.. Enumerable.Range(0, NodeCount).Select(_ => new HashSet<ulong>())];
        private readonly HashSet<ulong>[] _lost = [.. Enumerable.Range(0, NodeCount).Select(_ => new HashSet<ulong>())];
        private int[] _members;
        private int[]? _next;
        private bool _fenced;

        public Model(int size)
        {
            _members = [.. Enumerable.Range(0, size)];
            _leader = new LogLeader(_effects, Nodes(_members), 0);
        }

        public void Play((int Kind, int Pick, int Amount)[] steps)
        {
            foreach (var (kind, pick, amount) in steps)
            {
                var before = _effects.Confirmed.Count;
                Step(kind, pick % NodeCount, amount);
                Check(before);
            }
        }

        private void Step(int kind, int node, int amount)
        {
            var upTo = _leader.Submitted - Math.Min(_leader.Submitted, (ulong)amount);
            switch (kind)
            {
                case < 35:
                    _leader.Submit(_leader.Submitted + 1, _leader.Submitted + 1 + (ulong)amount);
                    break;
                case < 75:
                    // Who is no member is not heard; it says it again when it has become one.
                    if (IsKnown(node))
                    {
                        Hold(node, upTo);
                    }

                    _leader.Persisted(Node(node), upTo);
                    break;
                case < 82 when IsKnown(node):
                    for (var sequence = Math.Max(1, upTo); sequence <= _leader.Submitted; sequence++)
                    {
                        if (!_held[node].Contains(sequence))
                        {
                            _lost[node].Add(sequence);
                        }
                    }

                    _leader.Failed(Node(node), Math.Max(1, upTo), new StorageException("lost"));
                    break;
                case < 90 when _next is null:
                    _next = [.. Enumerable.Range(node, 1 + (amount % 5)).Select(i => i % NodeCount)];
                    var held = new Dictionary<NodeId, ulong>();
                    foreach (var newcomer in _next.Where(n => !_members.Contains(n)))
                    {
                        held[Node(newcomer)] = upTo;
                        _lost[newcomer].Clear();
                        _held[newcomer].Clear();
                        Hold(newcomer, upTo);
                    }

                    _leader.BeginChange(Nodes(_next), held);
                    break;
                case < 94 when _next is not null && _leader.IsChangeCovered:
                    (_members, _next) = (_next, null);
                    _leader.CommitChange();
                    break;
                case < 97 when _next is not null:
                    _next = null;
                    _leader.AbortChange();
                    break;
                case >= 99:
                    _leader.Fence(new StorageException("taken over"));
                    _fenced = true;
                    break;
            }
        }

        private void Check(int before)
        {
            Assert.Equal(_fenced, _leader.IsFenced);
            Assert.Equal(Enumerable.Range(1, _effects.Decided.Count).Select(s => (ulong)s), _effects.Decided);
            Assert.Equal((ulong)_effects.Decided.Count, _leader.Decided);
            foreach (var sequence in _effects.Confirmed.Skip(before))
            {
                Assert.False(_fenced);
                Assert.DoesNotContain(Sets, set => !IsHeld(set, sequence));
            }

            if (_fenced)
            {
                Assert.Equal(_leader.Submitted, _leader.Decided);
                return;
            }

            if (_leader.Decided < _leader.Submitted)
            {
                Assert.Contains(Sets, set => !IsHeld(set, _leader.Decided + 1));
                Assert.DoesNotContain(Sets, set => IsLost(set, _leader.Decided + 1));
            }

            // What the new set is said to cover, it covers, whatever was confirmed by then.
            if (_next is not null && _leader.IsChangeCovered)
            {
                Assert.All(_effects.Confirmed, sequence => Assert.True(IsHeld(_next, sequence)));
            }
        }

        private IEnumerable<int[]> Sets => _next is null ? [_members] : [_members, _next];

        private bool IsKnown(int node) => Sets.Any(set => set.Contains(node));

        private bool IsHeld(int[] set, ulong sequence) => set.Count(n => _held[n].Contains(sequence)) > set.Length / 2;

        private bool IsLost(int[] set, ulong sequence) => set.Count(n => !_lost[n].Contains(sequence)) <= set.Length / 2;

        private void Hold(int node, ulong upTo)
        {
            for (ulong sequence = 1; sequence <= upTo; sequence++)
            {
                if (!_lost[node].Contains(sequence))
                {
                    _held[node].Add(sequence);
                }
            }
        }
    }

    private sealed class Effects : ILogLeaderEffects
    {
        public List<ulong> Confirmed { get; } = [];

        public List<ulong> Failed { get; } = [];

        public List<ulong> Decided { get; } = [];

        void ILogLeaderEffects.Confirmed(ulong first, ulong last) => Add(Confirmed, first, last);

        void ILogLeaderEffects.Failed(ulong first, ulong last, StorageException error) => Add(Failed, first, last);

        private void Add(List<ulong> list, ulong first, ulong last)
        {
            for (var sequence = first; sequence <= last; sequence++)
            {
                list.Add(sequence);
                Decided.Add(sequence);
            }
        }
    }
}
