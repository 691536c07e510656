using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Tokens;

namespace Skerry.Accounts.Tests;

public sealed class AccountTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private static readonly Actor Ada = new(ActorKind.User, "ada", "token of ada", "laptop", "192.0.2.7", "POST /tokens", "request 1", "curl");
    private static readonly Permission KvWrite = new(Product.WorkersKvStorage, AccessLevel.Write);

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task A_token_may_do_what_its_policies_say_and_nothing_else()
    {
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        var known = await node.Authority(_clock).FindAsync(made.Value);
        Assert.NotNull(known);
        Assert.Equal(new TokenOwner(TokenKind.Account, id, made.Token.Id), known.Owner);
        Decision Ask(Permission permission, ResourceName resource, string from = "192.0.2.1") =>
            known.Decide(permission, resource, IPAddress.Parse(from), _clock.GetUtcNow());
        Assert.True(Ask(KvWrite, ResourceName.Account(id)).IsAllowed);
        Assert.False(Ask(new(Product.Queues, AccessLevel.Read), ResourceName.Account(id)).IsAllowed);
        Assert.False(Ask(KvWrite, ResourceName.Account(new string('a', 32))).IsAllowed);
        Assert.False(Ask(KvWrite, ResourceName.Account(id), "198.51.100.1").IsAllowed);
    }

    [Fact]
    public async Task A_rolled_value_ends_the_old_one_everywhere_within_a_second_and_keeps_the_id()
    {
        var (id, account) = await node.NewAccountAsync();
        var (here, there) = (node.Authority(_clock), node.Authority(_clock));
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        Assert.NotNull(await here.FindAsync(made.Value));
        Assert.NotNull(await there.FindAsync(made.Value));
        var rolled = (await account.RollToken(made.Token.Id, Ada)).Value!;
        Assert.Equal(made.Token.Id, rolled.Token.Id);
        Assert.NotEqual(made.Value, rolled.Value);
        _clock.Advance(TimeSpan.FromSeconds(1));
        foreach (var authority in new[] { here, there })
        {
            Assert.Null(await authority.FindAsync(made.Value));
            Assert.Equal(made.Token.Id, (await authority.FindAsync(rolled.Value))?.Record.Id);
        }
    }

    [Fact]
    public async Task What_was_changed_or_deleted_is_so_everywhere_within_a_second()
    {
        var (id, account) = await node.NewAccountAsync();
        var authority = node.Authority(_clock);
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        await authority.FindAsync(made.Value);
        Assert.True((await account.UpdateToken(made.Token.Id, Settings(id) with { IsDisabled = true }, Ada)).Value!.Settings.IsDisabled);

        // Until then the node knows no better: this is the cache that spares the question.
        Assert.False((await authority.FindAsync(made.Value))!.Record.Settings.IsDisabled);
        _clock.Advance(TimeSpan.FromSeconds(1));
        var disabled = await authority.FindAsync(made.Value);
        Assert.True(disabled!.Record.Settings.IsDisabled);
        Assert.False(disabled.Decide(KvWrite, ResourceName.Account(id), IPAddress.Parse("192.0.2.1"), _clock.GetUtcNow()).IsAllowed);
        await account.DeleteToken(made.Token.Id, Ada);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await authority.FindAsync(made.Value));
        Assert.Null(await account.GetToken(made.Token.Id));
        Assert.Equal(AccountsFault.NotFound, (await account.RollToken(made.Token.Id, Ada)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await account.UpdateToken(made.Token.Id, Settings(id), Ada)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await account.DeleteToken(made.Token.Id, Ada)).Fault);
    }

    [Fact]
    public async Task A_value_that_is_filed_and_no_tokens_is_refused()
    {
        // As a process leaves it that dies between filing a value and giving it to the token.
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        using var random = System.Security.Cryptography.RandomNumberGenerator.Create();
        var stray = ApiToken.Create(TokenKind.Account, random);
        var bytes = new byte[TokenHash.Bytes];
        stray.Hash.CopyTo(bytes);
        await node.Index.GetByName($"{stray.Hash.Shard:x2}").Put(bytes, new(TokenKind.Account, id, made.Token.Id));
        Assert.Null(await node.Authority(_clock).FindAsync(stray.Reveal()));
        Assert.NotNull(await node.Authority(_clock).FindAsync(made.Value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ska_")]
    [InlineData("not a token at all")]
    public async Task What_is_no_token_is_refused(string text) => Assert.Null(await node.Authority(_clock).FindAsync(text));

    [Fact]
    public async Task A_mistyped_or_cut_token_is_refused()
    {
        var (id, account) = await node.NewAccountAsync();
        var value = (await account.CreateToken(Settings(id), Ada)).Value!.Value;
        var authority = node.Authority(_clock);
        Assert.Null(await authority.FindAsync(value.AsSpan(0, value.Length - 1)));
        Assert.Null(await authority.FindAsync(value + "0"));
        Assert.Null(await authority.FindAsync("sku" + value[3..]));
        Assert.Null(await authority.FindAsync(value[..10] + (value[10] == 'x' ? 'y' : 'x') + value[11..]));
    }

    [Fact]
    public async Task Settings_that_are_not_accepted_change_nothing_and_are_told_by_field()
    {
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        var before = (await account.VerifyAudit()).Entries;
        var bad = Settings(id) with { Name = "", AddressesIn = ["192.0.2.0/33"], NotBefore = DateTimeOffset.MaxValue, ExpiresOn = DateTimeOffset.MinValue };
        foreach (var message in new[] { (await account.CreateToken(bad, Ada)).Message, (await account.UpdateToken(made.Token.Id, bad, Ada)).Message })
        {
            Assert.Contains("name:", message, StringComparison.Ordinal);
            Assert.Contains("condition.request_ip.in[0]", message, StringComparison.Ordinal);
            Assert.Contains("expires_on", message, StringComparison.Ordinal);
        }

        Assert.Equal(1, (await account.ListTokens(0, 10)).Total);
        Assert.Equal(made.Token, (await account.GetToken(made.Token.Id))! with { Settings = made.Token.Settings });
        Assert.Equal(before, (await account.VerifyAudit()).Entries);
    }

    [Fact]
    public async Task Every_change_is_in_the_audit_log_with_the_token_that_made_it_and_without_any_value()
    {
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        await account.UpdateToken(made.Token.Id, Settings(id) with { Name = "renamed" }, Ada);
        var rolled = (await account.RollToken(made.Token.Id, Ada)).Value!;
        await account.DeleteToken(made.Token.Id, Ada);
        var entries = (await account.ReadAudit(new(Ascending: true))).Entries;
        Assert.Equal(["create", "create", "update", "roll", "delete"], entries.Select(static entry => entry.Action));
        Assert.Equal((ActorKind.System, "account", id), (entries[0].Actor.Kind, entries[0].ResourceType, entries[0].ResourceId));
        Assert.All(entries.Skip(1), entry =>
        {
            Assert.Equal((Ada, "token", made.Token.Id), (entry.Actor, entry.ResourceType, entry.ResourceId));
            var text = JsonSerializer.Serialize(entry);
            Assert.DoesNotContain(made.Value[4..44], text, StringComparison.Ordinal);
            Assert.DoesNotContain(rolled.Value[4..44], text, StringComparison.Ordinal);
        });
        Assert.Equal((null, "renamed"), (entries[1].Before, JsonElement.Parse(entries[2].After!).GetProperty("name").GetString()));
        Assert.Null(entries[4].After);
        Assert.True((await account.VerifyAudit()).Holds);
    }

    [Fact]
    public async Task Everything_is_there_after_a_restart_and_the_chain_goes_on()
    {
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        var noted = await account.VerifyAudit();
        await node.RestartAsync();
        account = node.Accounts.GetByName(id);
        Assert.Equal("default", (await account.Get())?.Name);
        Assert.Equal(made.Token.Id, (await node.Authority(_clock).FindAsync(made.Value))?.Record.Id);
        Assert.Equal(noted, await account.VerifyAudit());
        await account.RollToken(made.Token.Id, Ada);
        var proof = await account.VerifyAudit();
        Assert.True(proof.Holds);
        Assert.Equal(noted.Entries + 1, proof.Entries);
    }

    [Fact]
    public async Task Tokens_are_listed_newest_first_and_their_last_use_is_kept_to_a_minute()
    {
        var (id, account) = await node.NewAccountAsync();
        List<string> made = [];
        for (var i = 0; i < 5; i++)
        {
            made.Add((await account.CreateToken(Settings(id) with { Name = $"t{i}" }, Ada)).Value!.Token.Id);
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }

        var page = await account.ListTokens(1, 3);
        Assert.Equal(5, page.Total);
        Assert.Equal([made[3], made[2], made[1]], page.Tokens.Select(static token => token.Id));
        var used = new DateTimeOffset(2026, 5, 5, 5, 5, 5, TimeSpan.Zero);
        await account.TokenUsed(made[0], used);
        await account.TokenUsed(made[0], used.AddSeconds(30));
        Assert.Equal(used, (await account.GetToken(made[0]))!.LastUsedOn);
        await account.TokenUsed(made[0], used.AddSeconds(61));
        Assert.Equal(used.AddSeconds(61), (await account.GetToken(made[0]))!.LastUsedOn);
    }

    [Fact]
    public async Task Rolls_at_the_same_time_leave_one_value_that_is_good()
    {
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        var rolled = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => node.Accounts.GetByName(id).RollToken(made.Token.Id, Ada)));
        var good = 0;
        foreach (var one in rolled.Select(static answer => answer.Value!.Value).Append(made.Value))
        {
            good += await node.Authority(_clock).FindAsync(one) is null ? 0 : 1;
        }

        Assert.Equal(1, good);
    }

    private static TokenSettings Settings(string account) => new(
        "workflow",
        [new("p1", PolicyEffect.Allow, [PermissionGroups.FindFor(KvWrite)!.Id], new Dictionary<string, string> { [ResourceName.Account(account).ToString()] = "*" })],
        ["192.0.2.0/24"]);
}
