using CsCheck;
using Skerry.Storage.Log;

namespace Skerry.Storage.Tests.Log;

public sealed class LogLeaderTests
{
    [Fact]
    public void One_member_is_its_own_quorum()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, 1, [0], 10);
        leader.Submit(11, 13);
        Assert.Equal(10ul, leader.Decided);
        leader.Persisted(0, 12);
        leader.Persisted(0, 13);
        Assert.Equal([11ul, 12, 13], effects.Confirmed);
    }

    [Fact]
    public void Three_of_five_confirm_and_two_are_not_enough()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, 1, [0, 1, 2, 3, 4], 0);
        leader.Submit(1, 4);
        leader.Persisted(0, 4);
        leader.Persisted(3, 4);
        Assert.Empty(effects.Confirmed);
        leader.Persisted(1, 2);
        Assert.Equal([1ul, 2], effects.Confirmed);
    }

    [Fact]
    public void A_failure_is_final_only_when_no_majority_is_left()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, 1, [0, 1, 2], 0);
        leader.Submit(1, 2);
        leader.Failed(0, 1, new StorageException("full"));
        Assert.Empty(effects.Failed);
        leader.Failed(1, 2, new StorageException("full too"));
        Assert.Empty(effects.Failed);
        leader.Persisted(1, 1);
        leader.Persisted(2, 1);
        Assert.Equal([1ul], effects.Confirmed);
        Assert.Equal([2ul], effects.Failed);
    }

    [Fact]
    public void After_a_failure_the_next_records_are_confirmed_again()
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, 1, [0], 0);
        leader.Submit(1, 2);
        leader.Failed(0, 1, new StorageException("full"));
        leader.Submit(3, 3);
        leader.Persisted(0, 3);
        Assert.Equal([1ul, 2], effects.Failed);
        Assert.Equal([3ul], effects.Confirmed);
    }

    [Fact]
    public void Wrong_inputs_are_refused()
    {
        var leader = new LogLeader(new Effects(), 1, [0, 1], 0);
        Assert.Throws<ArgumentException>(() => new LogLeader(new Effects(), 1, [], 0));
        Assert.Throws<ArgumentException>(() => new LogLeader(new Effects(), 1, [1, 1], 0));
        Assert.Throws<InvalidOperationException>(() => leader.Submit(2, 3));
        Assert.Throws<InvalidOperationException>(() => leader.Persisted(0, 1));
        Assert.Throws<ArgumentException>(() => leader.Replace(7, 8, 0));
        Assert.Throws<ArgumentException>(() => leader.Replace(0, 1, 0));
    }

    [Fact]
    public void Decisions_are_ordered_final_and_never_ahead_of_a_quorum() =>
        Gen.Select(
            Gen.Int[1, 5],
            Gen.Select(Gen.Int[0, 99], Gen.Int[0, 6], Gen.Int[0, 7]).Array[0, 80])
            .Sample((size, steps) => Play(size, steps), iter: 5_000);

    private static void Play(int size, (int Kind, int Member, int Amount)[] steps)
    {
        var effects = new Effects();
        var leader = new LogLeader(effects, 5, [.. Enumerable.Range(0, size)], 0);
        var quorum = (size / 2) + 1;
        var held = Enumerable.Range(0, size).ToDictionary(id => id, _ => new HashSet<ulong>());
        var lost = Enumerable.Range(0, size).ToDictionary(id => id, _ => new HashSet<ulong>());
        var fenced = false;
        var newest = size;
        foreach (var (kind, pick, amount) in steps)
        {
            var member = held.Keys.Order().ElementAt(pick % size);
            var before = (effects.Confirmed.Count, effects.Decided.Count);
            switch (kind)
            {
                case < 40:
                    leader.Submit(leader.Submitted + 1, leader.Submitted + 1 + (ulong)amount);
                    break;
                case < 80:
                    var upTo = leader.Submitted - Math.Min(leader.Submitted, (ulong)amount);
                    for (ulong sequence = 1; sequence <= upTo; sequence++)
                    {
                        if (!lost[member].Contains(sequence))
                        {
                            held[member].Add(sequence);
                        }
                    }

                    leader.Persisted(member, upTo);
                    break;
                case < 92:
                    var from = Math.Max(1, leader.Submitted - Math.Min(leader.Submitted, (ulong)amount));
                    for (var sequence = from; sequence <= leader.Submitted; sequence++)
                    {
                        if (!held[member].Contains(sequence))
                        {
                            lost[member].Add(sequence);
                        }
                    }

                    leader.Failed(member, from, new StorageException("lost"));
                    break;
                case < 97:
                    var persisted = leader.Submitted / 2;
                    held.Remove(member);
                    lost.Remove(member);
                    held[newest] = [.. Enumerable.Range(1, (int)persisted).Select(s => (ulong)s)];
                    lost[newest] = [];
                    leader.Replace(member, newest++, persisted);
                    break;
                default:
                    leader.Fence((ulong)amount);
                    fenced |= amount > 5;
                    break;
            }

            Assert.Equal(fenced, leader.IsFenced);
            Assert.Equal(Enumerable.Range(1, effects.Decided.Count).Select(s => (ulong)s), effects.Decided);
            Assert.Equal((ulong)effects.Decided.Count, leader.Decided);
            foreach (var sequence in effects.Confirmed.Skip(before.Item1))
            {
                Assert.False(fenced);
                Assert.True(held.Values.Count(h => h.Contains(sequence)) >= quorum);
            }

            if (fenced)
            {
                Assert.Equal(leader.Submitted, leader.Decided);
            }
            else if (leader.Decided < leader.Submitted)
            {
                var next = leader.Decided + 1;
                Assert.True(held.Values.Count(h => h.Contains(next)) < quorum);
                Assert.True(size - lost.Values.Count(l => l.Contains(next)) >= quorum);
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
