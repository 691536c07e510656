using System.Security.Cryptography;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users;

public sealed class UserIndexTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    private IUserIndex Index => node.UserIndex.Of(_key);

    [Fact]
    public async Task A_key_is_found_once_its_claim_is_confirmed()
    {
        Assert.True(await Index.Claim(_key, "a"));
        Assert.Null(await Index.Find(_key));
        Assert.True(await Index.Claim(_key, "a"));
        Assert.True(await Index.Confirm(_key, "a"));
        Assert.Equal("a", await Index.Find(_key));
        Assert.True(await Index.Claim(_key, "a"));
        Assert.Equal("a", await Index.Find(_key));
    }

    [Fact]
    public async Task Of_those_who_claim_a_key_at_once_one_gets_it()
    {
        var claims = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => node.UserIndex.Of(_key).Claim(_key, $"user{i}")));
        Assert.Single(claims, static got => got);
        var confirmed = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => node.UserIndex.Of(_key).Confirm(_key, $"user{i}")));
        Assert.Equal(claims, confirmed);
    }

    [Fact]
    public async Task A_claim_that_nobody_finished_is_taken_over_after_a_minute_and_its_maker_is_told()
    {
        Assert.True(await Index.Claim(_key, "dead"));
        node.Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.False(await Index.Claim(_key, "b"));
        node.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await Index.Claim(_key, "b"));
        Assert.False(await Index.Confirm(_key, "dead"));
        Assert.False(await Index.Claim(_key, "dead"));
        await Index.Release(_key, "dead");
        Assert.True(await Index.Confirm(_key, "b"));
        Assert.Equal("b", await Index.Find(_key));
    }

    [Fact]
    public async Task A_confirmed_key_is_never_taken_over_and_is_free_when_it_was_given_back()
    {
        await Index.Claim(_key, "a");
        await Index.Confirm(_key, "a");
        node.Clock.Advance(TimeSpan.FromDays(1));
        Assert.False(await Index.Claim(_key, "b"));
        Assert.False(await Index.Confirm(_key, "b"));
        await Index.Release(_key, "b");
        Assert.Equal("a", await Index.Find(_key));
        await Index.Release(_key, "a");
        Assert.Null(await Index.Find(_key));
        Assert.True(await Index.Claim(_key, "b"));
    }

    [Fact]
    public async Task Invitations_are_bounded_kept_in_order_and_filed_once()
    {
        for (var i = 0; i < IUserIndex.InvitationsMax; i++)
        {
            Assert.True(await Index.AddInvitation(_key, new("account", $"{_key[1]:x2}{_key[2]:x2}member{i}", DateTimeOffset.UnixEpoch)));
        }

        Assert.False(await Index.AddInvitation(_key, new("account", "one more", DateTimeOffset.UnixEpoch)));
        var filed = await Index.ListInvitations(_key);
        Assert.Equal(IUserIndex.InvitationsMax, filed.Count);
        Assert.EndsWith("member0", filed[0].MemberId, StringComparison.Ordinal);
        await Index.RemoveInvitation(_key, filed[0].MemberId);
        Assert.True(await Index.AddInvitation(_key, filed[1]));
        Assert.Equal(IUserIndex.InvitationsMax - 1, (await Index.ListInvitations(_key)).Count);
    }

    [Fact]
    public void Keys_of_links_are_of_both_parts_and_are_no_addresses()
    {
        string[] keys = [.. new[]
        {
            UserKey.OfLink("ab", "c"), UserKey.OfLink("a", "bc"), UserKey.OfLink("abc", ""), UserKey.OfEmail("abc"), UserKey.OfEmail("ab\0c"),
        }.Select(Convert.ToHexString)];
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }
}
