using CsCheck;
using Skerry.Server.Configuration;

namespace Skerry.Server.Tests.Configuration;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("data", "data", 0)]
    [InlineData("DATA", "data", 0)]
    [InlineData("dta", "data", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Distance_counts_edits(string left, string right, int expected) =>
        Assert.Equal(expected, NearestName.Distance(left, right));

    [Fact]
    public void Distance_is_a_metric()
    {
        var word = Gen.String[Gen.Char['a', 'd'], 0, 8];
        Gen.Select(word, word, word).Sample((a, b, c) =>
            NearestName.Distance(a, b) == NearestName.Distance(b, a)
            && (NearestName.Distance(a, b) == 0) == (a == b)
            && NearestName.Distance(a, c) <= NearestName.Distance(a, b) + NearestName.Distance(b, c));
    }

    [Fact]
    public void A_far_fetched_guess_is_not_made() =>
        Assert.Equal("", NearestName.Hint("completely_else", ["data", "api_url"]));
}
