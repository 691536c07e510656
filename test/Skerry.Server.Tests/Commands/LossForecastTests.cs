using Skerry.Server.Commands;
using Skerry.Server.Management.Nodes;

namespace Skerry.Server.Tests.Commands;

public sealed class LossForecastTests
{
    [Fact]
    public void Everything_in_the_bucket_is_nothing_lost_whoever_dies() =>
        Assert.Equal([("If all nodes died now, nothing would be lost: everything that is confirmed is in the bucket.", false)], Describe([]));

    [Fact]
    public void Three_holders_survive_two() => Assert.Equal(
        [
            ("If any 2 of these nodes died now, nothing would be lost.", false),
            ("Only if b, c and d all died now, 7 confirmed writes of a would be.", false),
        ],
        Describe([new("a", 7, ["b", "c", "d"]), new("b", 1, ["a", "c", "d", "e"])]));

    [Fact]
    public void No_more_may_die_than_leave_a_majority_to_recover_from()
    {
        FollowerResult[] followers = [.. new[] { "b", "c", "d", "e", "f" }.Select(static name => new FollowerResult(name, name, "following", 9, 0))];
        var leader = new NodeResult("1", "2", "a", "a", "h:1", "running", null, null, new FiguresResult(1, 9, 9, 0, 1, followers));
        var told = LossForecast.Describe(new("c", "a", [leader], [new("a", 9, ["a", "b", "c", "d", "e", "f"])], [])).ToList();
        Assert.Equal(("If any 2 of these nodes died now, nothing would be lost.", false), told[0]);
    }

    [Fact]
    public void Two_holders_survive_one() => Assert.Equal(
        ("If any one of these nodes died now, nothing would be lost.", false), Describe([new("a", 1, ["a", "b"])])[0]);

    [Fact]
    public void One_holder_is_named_each_with_what_it_would_take_along() => Assert.Equal(
        [
            ("If a died now, 1 confirmed write of a would be lost: no other node has them, and they are not in the bucket yet.", true),
            ("If b died now, 9 confirmed writes of b would be lost: no other node has them, and they are not in the bucket yet.", true),
        ],
        Describe([new("a", 1, ["a"]), new("b", 9, ["b"]), new("c", 5, ["a", "b"])]));

    [Fact]
    public void A_silent_node_is_what_nobody_knows() =>
        Assert.Contains(Describe([], "x", "y"), one => one.IsBad && one.Text.StartsWith("What x and y confirmed last is not known", StringComparison.Ordinal));

    [Fact]
    public void A_node_alone_says_so() =>
        Assert.Contains("alone", Assert.Single(LossForecast.Describe(new(null, "a", [], [], []))).Text, StringComparison.Ordinal);

    private static List<(string Text, bool IsBad)> Describe(LossResult[] losses, params string[] unknown) =>
        [.. LossForecast.Describe(new("c", "a", [], losses, unknown))];
}
