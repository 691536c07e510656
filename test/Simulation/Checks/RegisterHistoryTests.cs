using CsCheck;

namespace Skerry.Simulation.Checks;

public sealed class RegisterHistoryTests
{
    [Fact]
    public void A_read_may_see_either_side_of_a_write_under_way()
    {
        Assert.Null(RegisterHistory.Check([Write(1, 0, 10), Read(0, 2, 3), Read(1, 4, 5)]));
        Assert.NotNull(RegisterHistory.Check([Write(1, 0, 10), Read(1, 2, 3), Read(0, 4, 5)]));
    }

    [Fact]
    public void A_stale_read_is_found()
    {
        Assert.NotNull(RegisterHistory.Check([Write(1, 0, 1), Write(2, 2, 3), Read(1, 4, 5)]));
        Assert.NotNull(RegisterHistory.Check([Write(1, 0, 1), Read(0, 4, 5)]));
    }

    [Fact]
    public void A_write_whose_end_nobody_saw_may_happen_late_or_never_but_not_be_undone()
    {
        Assert.Null(RegisterHistory.Check([Write(1, 0, Operation.Never), Read(0, 4, 5), Read(1, 6, 7)]));
        Assert.Null(RegisterHistory.Check([Write(1, 0, Operation.Never), Write(2, 2, 3), Read(2, 4, 5)]));
        Assert.NotNull(RegisterHistory.Check([Write(1, 0, Operation.Never), Read(1, 4, 5), Read(0, 6, 7)]));
    }

    [Fact]
    public void What_nobody_wrote_is_found() => Assert.NotNull(RegisterHistory.Check([Read(7, 1, 2)]));

    /// <summary>The search of J. M. Wing and C. Gong, "Testing and Verifying Concurrent Objects", 1993, is slow and plain; both must agree.</summary>
    [Fact]
    public void Agrees_with_a_search_through_all_orders() =>
        Gen.Select(Gen.Bool, Gen.Int[0, 3], Gen.Int[0, 12], Gen.Int[0, 6], Gen.Int[0, 9]).Array[1, 7].Sample(
            steps =>
            {
                var operations = new List<Operation>();
                var written = new HashSet<long>();
                foreach (var (isWrite, value, begin, length, open) in steps)
                {
                    if (!isWrite || (value != 0 && written.Add(value)))
                    {
                        operations.Add(new Operation(isWrite, value, begin) { Answered = isWrite && open == 0 ? Operation.Never : begin + length });
                    }
                }

                // Times are made distinct: of two things at one moment neither is before the other.
                var spread = operations.Select((o, i) => new Operation(o.IsWrite, o.Value, (o.Invoked * 100) + i)
                {
                    Answered = o.Answered == Operation.Never ? Operation.Never : (o.Answered * 100) + 50 + i,
                }).ToList();
                Assert.Equal(Search([.. spread], 0), RegisterHistory.Check(spread) is null);
            },
            iter: 20_000);

    private static bool Search(List<Operation> left, long value)
    {
        if (left.All(static o => o.IsWrite && o.Answered == Operation.Never))
        {
            return true;
        }

        var earliestEnd = left.Min(static o => o.Answered);
        foreach (var next in left.Where(o => o.Invoked <= earliestEnd))
        {
            if ((next.IsWrite || next.Value == value) && Search([.. left.Where(o => o != next)], next.IsWrite ? next.Value : value))
            {
                return true;
            }
        }

        return false;
    }

    private static Operation Write(long value, long begins, long ends) => new(true, value, begins) { Answered = ends };

    private static Operation Read(long value, long begins, long ends) => new(false, value, begins) { Answered = ends };
}
