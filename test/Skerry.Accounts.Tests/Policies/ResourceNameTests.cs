using CsCheck;
using Skerry.Accounts.Policies;

namespace Skerry.Accounts.Tests.Policies;

public sealed class ResourceNameTests
{
    private const string Account = "0123456789abcdef0123456789abcdef";
    private const string Uuid = "0f0e0d0c-0b0a-0908-0706-050403020100";

    [Fact]
    public void Every_name_is_read_as_it_is_written() =>
        PolicyGen.Resource.Sample(name =>
        {
            Assert.True(ResourceName.TryParse(name.ToString(), out var read, out var error));
            Assert.Equal(name, read);
            Assert.Null(error);
        });

    [Fact]
    public void Ids_of_things_may_be_uuids()
    {
        Assert.True(ResourceName.TryParse($"com.cloudflare.api.account.{Account}.database.{Uuid}", out var name, out _));
        Assert.Equal(ResourceName.Database(Account, Uuid), name);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("com.cloudflare.api.account")]
    [InlineData("com.cloudflare.api.account.")]
    [InlineData("com.cloudflare.api.user.*")]
    [InlineData("com.cloudflare.api.account.zone.*")]
    [InlineData("com.cloudflare.api.account.*.queue." + Account)]
    [InlineData("com.cloudflare.edge.r2.bucket." + Account)]
    [InlineData("COM.cloudflare.api.account." + Account)]
    [InlineData("com.cloudflare.api.account.0123456789ABCDEF0123456789ABCDEF")]
    [InlineData("com.cloudflare.api.account.0123456789abcdef0123456789abcde")]
    [InlineData("com.cloudflare.api.account." + Uuid)]
    [InlineData("com.cloudflare.api.account." + Account + ".")]
    [InlineData("com.cloudflare.api.account." + Account + ".queue")]
    [InlineData("com.cloudflare.api.account." + Account + ".queue.*")]
    [InlineData("com.cloudflare.api.account." + Account + ".Queue." + Account)]
    [InlineData("com.cloudflare.api.account." + Account + ".bucket." + Account)]
    [InlineData("com.cloudflare.api.account." + Account + ".queue." + Account + ".x")]
    [InlineData("com.cloudflare.api.account." + Account + ".database.{" + Uuid + "}")]
    [InlineData("com.cloudflare.api.account." + Account + "\n")]
    public void What_is_no_name_is_refused_with_what_is_accepted(string? text)
    {
        Assert.False(ResourceName.TryParse(text, out var name, out var error));
        Assert.Equal(default, name);
        Assert.Equal("resources", error.Field);
        Assert.Contains("com.cloudflare.api.account.ID", error.Accepted, StringComparison.Ordinal);
    }

    [Fact]
    public void The_refusal_says_what_is_wrong()
    {
        Assert.False(ResourceName.TryParse($"com.cloudflare.api.account.{Account}.bucket.{Account}", out _, out var error));
        Assert.EndsWith("is no resource here: accounts have nothing of the kind 'bucket'", error.Problem, StringComparison.Ordinal);
        Assert.False(ResourceName.TryParse(new string('x', 100_000), out _, out error));
        Assert.InRange(error.Problem.Length, 1, 300);
    }

    [Fact]
    public void An_account_can_hold_what_is_in_it()
    {
        Assert.True(ResourceName.TryParse($"com.cloudflare.api.account.{Account}", $"com.cloudflare.api.account.queue.{Account}", out var name, out _));
        Assert.Equal(ResourceName.Queue(Account, Account), name);

        Assert.False(ResourceName.TryParse($"com.cloudflare.api.account.{Account}", "com.cloudflare.api.account.zone.*", out name, out var error));
        Assert.Equal(default, name);
        Assert.Contains("'zone'", error.Problem, StringComparison.Ordinal);
        Assert.False(ResourceName.TryParse($"com.cloudflare.api.account.{Account}", null, out _, out _));
        Assert.False(ResourceName.TryParse($"com.cloudflare.api.account.{Account}", "com.cloudflare.api.account.*", out _, out _));
        Assert.False(ResourceName.TryParse($"com.cloudflare.api.user.{Account}", $"com.cloudflare.api.account.queue.{Account}", out _, out _));
        Assert.False(ResourceName.TryParse("com.cloudflare.api.account.*", $"com.cloudflare.api.account.queue.{Account}", out _, out error));
        Assert.Contains("is not an account", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_makes_it_throw() =>
        Gen.OneOf<string>(
            Gen.String,
            Gen.Select(PolicyGen.Resource, Gen.Int[0, 100], Gen.Char, (name, at, other) => Replace(name.ToString(), at, other)))
        .Sample(text =>
        {
            if (ResourceName.TryParse(text, out var name, out _))
            {
                Assert.Equal(text, name.ToString());
            }

            ResourceName.TryParse(text, text, out _, out _);
        });

    [Fact]
    public void A_name_covers_itself_and_what_is_below() =>
        Gen.Select(PolicyGen.Resource, PolicyGen.Resource).Sample((one, other) =>
        {
            Assert.True(one.Covers(one));
            Assert.Equal(one == other, one.Covers(other) && other.Covers(one));
            Assert.False(default(ResourceName).Covers(one));
            Assert.False(one.Covers(default));
        });

    private static string Replace(string text, int at, char other) =>
        at >= text.Length ? text + other : text[..at] + other + text[(at + 1)..];
}
