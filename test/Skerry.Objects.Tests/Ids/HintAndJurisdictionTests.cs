namespace Skerry.Objects.Tests.Ids;

public class HintAndJurisdictionTests
{
    [Fact]
    public void Every_hint_has_a_code_that_parses_back()
    {
        Assert.Equal(
            ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"],
            Enum.GetValues<LocationHint>().Select(hint => hint.ToCode()));
        Assert.All(Enum.GetValues<LocationHint>(), hint =>
        {
            Assert.True(LocationHintCodes.TryParse(hint.ToCode(), out var parsed));
            Assert.Equal(hint, parsed);
        });
    }

    [Fact]
    public void Every_jurisdiction_but_none_has_a_code_that_parses_back()
    {
        Assert.Null(Jurisdiction.None.ToCode());
        Assert.All(Enum.GetValues<Jurisdiction>().Except([Jurisdiction.None]), jurisdiction =>
        {
            Assert.True(JurisdictionCodes.TryParse(jurisdiction.ToCode(), out var parsed));
            Assert.Equal(jurisdiction, parsed);
        });
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("EU")]
    [InlineData("0")]
    [InlineData("WesternEurope")]
    public void Other_texts_are_refused(string? code)
    {
        Assert.False(LocationHintCodes.TryParse(code, out _));
        Assert.False(JurisdictionCodes.TryParse(code, out _));
    }

    [Fact]
    public void Values_that_are_not_defined_have_no_code()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ((LocationHint)9).ToCode());
        Assert.Throws<ArgumentOutOfRangeException>(() => ((Jurisdiction)9).ToCode());
    }
}
