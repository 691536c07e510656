using System.Security.Cryptography;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users;

/// <summary>Each test stops between two steps, as a process does that dies there, and then goes through the notes.</summary>
public sealed class HeldKeysTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly string _user = Guid.NewGuid().ToString("n");

    private IKeyHolder Holder => node.KeyHolders.GetByName(_user);

    private IUserIndex Index => node.UserIndex.Of(_key);

    [Fact]
    public async Task What_was_noted_and_never_claimed_is_forgotten()
    {
        await Holder.Note(_key);
        Assert.True(await Holder.HasAlarm());
        Assert.True(await Holder.Settle([]));
        Assert.True(await Index.Claim(_key, "somebody"));
    }

    [Fact]
    public async Task What_was_taken_and_never_used_is_free_again()
    {
        Assert.True(await Holder.Take(_key));
        Assert.Equal(_user, await Index.Find(_key));
        Assert.True(await Holder.HasAlarm());
        Assert.True(await Holder.Settle([RandomNumberGenerator.GetBytes(32)]));
        Assert.Null(await Index.Find(_key));
        Assert.True(await Index.Claim(_key, "somebody"));
    }

    [Fact]
    public async Task What_was_claimed_and_is_used_is_confirmed()
    {
        await Holder.Note(_key);
        Assert.True(await Index.Claim(_key, _user));
        Assert.True(await Holder.Settle([_key]));
        Assert.Equal(_user, await Index.Find(_key));

        // And only once: what is given back later is given back by a note of its own.
        await Index.Release(_key, _user);
        Assert.True(await Holder.Settle([_key]));
        Assert.Null(await Index.Find(_key));
    }

    [Fact]
    public async Task What_was_claimed_is_used_and_was_taken_over_is_told()
    {
        await Holder.Note(_key);
        Assert.True(await Index.Claim(_key, _user));
        node.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True(await Index.Claim(_key, "somebody"));
        Assert.True(await Index.Confirm(_key, "somebody"));
        Assert.False(await Holder.Settle([_key]));
        Assert.True(await Holder.Settle([]));
        Assert.Equal("somebody", await Index.Find(_key));
    }

    [Fact]
    public async Task What_is_somebody_elses_is_not_taken_from_him()
    {
        await Index.Claim(_key, "somebody");
        await Index.Confirm(_key, "somebody");
        Assert.False(await Holder.Take(_key));
        Assert.True(await Holder.Settle([]));
        Assert.Equal("somebody", await Index.Find(_key));
    }
}
