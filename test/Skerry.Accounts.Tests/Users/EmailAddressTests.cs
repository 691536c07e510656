using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users;

public sealed class EmailAddressTests
{
    [Theory]
    [InlineData("ada@example.com", "ada@example.com")]
    [InlineData("  Ada.Lovelace+News@EXAMPLE.com\n", "ada.lovelace+news@example.com")]
    [InlineData("admin@localhost", "admin@localhost")]
    [InlineData("o'hara@sub.xn--bcher-kva.example", "o'hara@sub.xn--bcher-kva.example")]
    public void Addresses_have_one_spelling(string text, string expected)
    {
        Assert.True(EmailAddress.TryNormalize(text, out var address, out var problem));
        Assert.Equal(expected, address);
        Assert.Null(problem);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ada")]
    [InlineData("@example.com")]
    [InlineData("ada@")]
    [InlineData("a@b@example.com")]
    [InlineData(".ada@example.com")]
    [InlineData("ada.@example.com")]
    [InlineData("a..da@example.com")]
    [InlineData("ada@-example.com")]
    [InlineData("ada@example-.com")]
    [InlineData("ada@example..com")]
    [InlineData("ada@example.com.")]
    [InlineData("ada lovelace@example.com")]
    [InlineData("ada\r\nBcc: all@example.com")]
    [InlineData("\"ada\"@example.com")]
    [InlineData("\u0430da@example.com")] // A Cyrillic letter that looks like an a.
    [InlineData("ada@ex\u00e4mple.com")]
    [InlineData("\uff41da@example.com")]
    public void What_is_no_address_is_refused(string? text)
    {
        Assert.False(EmailAddress.TryNormalize(text, out var address, out var problem));
        Assert.Null(address);
        Assert.StartsWith("email: ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Lengths_are_bounded()
    {
        var domain = string.Join('.', Enumerable.Repeat(new string('d', 61), 3));
        Assert.True(EmailAddress.TryNormalize($"{new string('a', 64)}@{domain}", out _, out _));
        Assert.False(EmailAddress.TryNormalize($"{new string('a', 65)}@{domain}", out _, out _));
        Assert.False(EmailAddress.TryNormalize($"a@{new string('d', 64)}.com", out _, out _));
        Assert.False(EmailAddress.TryNormalize($"{new string('a', 64)}@{domain}.dddd", out _, out _));
    }
}
