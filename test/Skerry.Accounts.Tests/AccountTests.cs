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
        var rolled = (await account.RollToken(made.Token.Id, null, Ada)).Value!;
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
        Assert.True((await account.UpdateToken(made.Token.Id, Settings(id) with { IsDisabled = true }, null, Ada)).Value!.Settings.IsDisabled);

        // Until then the node knows no better: this is the cache that spares the question.
        Assert.False((await authority.FindAsync(made.Value))!.Record.Settings.IsDisabled);
        _clock.Advance(TimeSpan.FromSeconds(1));
        var disabled = await authority.FindAsync(made.Value);
        Assert.True(disabled!.Record.Settings.IsDisabled);
        Assert.Equal("The token is disabled.", disabled.Decide(KvWrite, ResourceName.Account(id), IPAddress.Parse("192.0.2.1"), _clock.GetUtcNow()).ToString());
        await account.DeleteToken(made.Token.Id, null, Ada);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await authority.FindAsync(made.Value));
        Assert.Null(await account.GetToken(made.Token.Id));
        Assert.Equal(AccountsFault.NotFound, (await account.RollToken(made.Token.Id, null, Ada)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await account.UpdateToken(made.Token.Id, Settings(id), null, Ada)).Fault);
        Assert.Equal(AccountsFault.NotFound, (await account.DeleteToken(made.Token.Id, null, Ada)).Fault);
    }

    [Fact]
    public async Task A_value_that_is_filed_and_no_tokens_is_refused()
    {
        // As a process leaves it that dies between filing a value and giving it to the token.
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        using var random = System.Security.Cryptography.RandomNumberGenerator.Create();
        var stray = ApiToken.Create(TokenKind.Account, random);
        await node.Index.Of(stray.Hash).Put(stray.Hash.ToArray(), new(TokenKind.Account, id, made.Token.Id));
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
        var before = (await account.VerifyAudit(null)).Entries;
        var bad = Settings(id) with { Name = "", AddressesIn = ["192.0.2.0/33"], NotBefore = DateTimeOffset.MaxValue, ExpiresOn = DateTimeOffset.MinValue };
        foreach (var message in new[] { (await account.CreateToken(bad, Ada)).Message, (await account.UpdateToken(made.Token.Id, bad, null, Ada)).Message })
        {
            Assert.Contains("name:", message, StringComparison.Ordinal);
            Assert.Contains("condition.request_ip.in[0]", message, StringComparison.Ordinal);
            Assert.Contains("expires_on", message, StringComparison.Ordinal);
        }

        Assert.Equal(1, (await account.ListTokens(0, 10)).Total);
        Assert.Equal(made.Token, (await account.GetToken(made.Token.Id))! with { Settings = made.Token.Settings });
        Assert.Equal(before, (await account.VerifyAudit(null)).Entries);
    }

    [Fact]
    public async Task Every_change_is_in_the_audit_log_with_the_token_that_made_it_and_without_any_value()
    {
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        await account.UpdateToken(made.Token.Id, Settings(id) with { Name = "renamed" }, null, Ada);
        var rolled = (await account.RollToken(made.Token.Id, null, Ada)).Value!;
        await account.DeleteToken(made.Token.Id, null, Ada);
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
        Assert.True((await account.VerifyAudit(null)).Holds);
    }

    [Fact]
    public async Task Everything_is_there_after_a_restart_and_the_chain_goes_on()
    {
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        var noted = await account.VerifyAudit(null);
        await node.RestartAsync();
        account = node.Accounts.GetByName(id);
        Assert.Equal("default", (await account.Get())?.Name);
        Assert.Equal(made.Token.Id, (await node.Authority(_clock).FindAsync(made.Value))?.Record.Id);
        Assert.Equal(noted, await account.VerifyAudit(null));
        await account.RollToken(made.Token.Id, null, Ada);
        var proof = await account.VerifyAudit(null);
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
        }

        var page = await account.ListTokens(1, 3);
        Assert.Equal(5, page.Total);
        Assert.Equal([made[3], made[2], made[1]], page.Tokens.Select(static token => token.Id));
        var used = new DateTimeOffset(2026, 5, 5, 5, 5, 5, TimeSpan.Zero);
        await account.RecordTokenUse(made[0], used);
        await account.RecordTokenUse(made[0], used.AddSeconds(30));
        Assert.Equal(used, (await account.GetToken(made[0]))!.LastUsedOn);
        await account.RecordTokenUse(made[0], used.AddSeconds(61));
        Assert.Equal(used.AddSeconds(61), (await account.GetToken(made[0]))!.LastUsedOn);
    }

    [Fact]
    public async Task Rolls_at_the_same_time_leave_one_value_that_is_good()
    {
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        var rolled = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => node.Accounts.GetByName(id).RollToken(made.Token.Id, null, Ada)));
        var good = 0;
        foreach (var one in rolled.Select(static answer => answer.Value!.Value).Append(made.Value))
        {
            good += await node.Authority(_clock).FindAsync(one) is null ? 0 : 1;
        }

        Assert.Equal(1, good);
    }

    [Fact]
    public async Task What_was_changed_since_it_was_looked_at_is_not_changed_again()
    {
        var (id, account) = await node.NewAccountAsync();
        var seen = (await account.CreateToken(Settings(id), Ada)).Value!.Token;
        var stronger = (await account.UpdateToken(seen.Id, Settings(id) with { AddressesIn = null }, seen.Version, Ada)).Value!;
        Assert.Equal(seen.Version + 1, stronger.Version);
        Assert.Equal(AccountsFault.Changed, (await account.RollToken(seen.Id, seen.Version, Ada)).Fault);
        Assert.Equal(AccountsFault.Changed, (await account.UpdateToken(seen.Id, Settings(id), seen.Version, Ada)).Fault);
        Assert.Equal(AccountsFault.Changed, (await account.DeleteToken(seen.Id, seen.Version, Ada)).Fault);
        Assert.Equal(stronger.Version, (await account.GetToken(seen.Id))!.Version);
    }

    [Fact]
    public async Task A_roll_during_which_the_token_is_changed_reveals_nothing()
    {
        var (id, account) = await node.NewAccountAsync();
        for (var i = 0; i < 20; i++)
        {
            // Made through two stubs, so that nothing orders them.
            var seen = (await account.CreateToken(Settings(id), Ada)).Value!.Token;
            var roll = node.Accounts.GetByName(id).RollToken(seen.Id, seen.Version, Ada);
            var update = node.Accounts.GetByName(id).UpdateToken(seen.Id, Settings(id) with { AddressesIn = null }, seen.Version, Ada);
            var outcomes = new[] { (await roll).Fault, (await update).Fault };
            Assert.Equal([AccountsFault.None, AccountsFault.Changed], outcomes.Order());
        }
    }

    [Fact]
    public async Task Settings_of_any_size_leave_no_change_without_its_entry()
    {
        var (id, account) = await node.NewAccountAsync();
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        TokenSettings[] refused =
        [
            Settings(id) with { Policies = [Settings(id).Policies[0] with { Id = new string('x', 1_000_000) }] },
            Settings(id) with { Policies = [Settings(id).Policies[0] with { PermissionGroups = [.. Enumerable.Repeat(PermissionGroups.All[0].Id, 100_000)] }] },
            Settings(id) with { Policies = [.. Enumerable.Range(0, 1_000).Select(i => Settings(id).Policies[0] with { Id = $"p{i}" })] },
            Settings(id) with
            {
                Policies =
                [
                    Settings(id).Policies[0] with
                    {
                        Resources = Enumerable.Range(1, 900).ToDictionary(i => ResourceName.Namespace(id, $"{i:x32}").ToString(), static _ => "*"),
                    },
                ],
            },
        ];
        foreach (var settings in refused)
        {
            Assert.Equal(AccountsFault.Invalid, (await account.CreateToken(settings, Ada)).Fault);
            Assert.Equal(AccountsFault.Invalid, (await account.UpdateToken(made.Token.Id, settings, null, Ada)).Fault);
        }

        Assert.Equal(2, (await account.VerifyAudit(null)).Entries);
        Assert.Equal(made.Token.Version, (await account.GetToken(made.Token.Id))!.Version);
    }

    [Fact]
    public async Task An_account_that_was_never_made_has_nothing_and_takes_nothing()
    {
        var account = node.Accounts.GetByName("0123456789abcdef0123456789abcdef");
        Assert.Null(await account.Get());
        Assert.Equal(AccountsFault.NotFound, (await account.CreateToken(Settings(new string('0', 32)), Ada)).Fault);
        Assert.Null(await account.CheckToken("any", new byte[TokenHash.Bytes]));
        Assert.Empty((await account.ReadAudit(new())).Entries);
        Assert.Equal(AuditProof.Nothing, await account.VerifyAudit(null));
        Assert.Equal(0, (await account.ListTokens(0, 10)).Total);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_token_in_use_is_known_without_a_pause_and_asked_for_anew_behind_the_back()
    {
        var (id, account) = await node.NewAccountAsync();
        var authority = node.Authority(_clock);
        var made = (await account.CreateToken(Settings(id), Ada)).Value!;
        var first = await authority.FindAsync(made.Value);
        await account.UpdateToken(made.Token.Id, Settings(id) with { Name = "renamed" }, null, Ada);
        _clock.Advance(TimeSpan.FromMilliseconds(500));

        // Old enough to be asked for, and new enough to be used meanwhile.
        var used = authority.FindAsync(made.Value);
        Assert.True(used.IsCompletedSuccessfully);
        Assert.Same(first, await used);

        // The clock stands, so nothing but the answer can end this.
        while ((await authority.FindAsync(made.Value))!.Record.Settings.Name != "renamed")
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task Bad_parts_of_lists_are_refused()
    {
        var (_, account) = await node.NewAccountAsync();
        foreach (var (skip, take) in new[] { (-1, 1), (0, 0), (0, -1), (0, IAccount.ListMax + 1) })
        {
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => account.ListTokens(skip, take));
        }
    }

    [Fact]
    public async Task What_operators_do_elsewhere_is_recorded_with_who_did_it()
    {
        var (_, account) = await node.NewAccountAsync();
        var user = new string('b', 32);
        await account.Record("create", "user", user, """{"email":"ada@example.com"}""", Ada);
        await account.Record("delete", "user", user, null, Ada);
        var log = (await account.ReadAudit(new(ResourceId: user, Ascending: true))).Entries;
        Assert.Equal(["create", "delete"], log.Select(static entry => entry.Action));
        Assert.Equal([("user", """{"email":"ada@example.com"}"""), ("user", null)], log.Select(static entry => (entry.ResourceType, entry.After)));
        Assert.All(log, static entry => Assert.Equal((Ada, null), (entry.Actor, entry.Before)));
        Assert.True((await account.VerifyAudit(null)).Holds);
    }

    [Fact]
    public async Task What_is_too_long_to_be_recorded_or_has_no_log_to_go_to_is_refused()
    {
        const int Max = IAccount.RecordedCharsMax;
        var (_, account) = await node.NewAccountAsync();
        await account.Record(new('a', Max), new('b', Max), new('c', Max), new('d', Max), Ada);
        foreach (var lengths in new[] { (Max + 1, 1, 1, 1), (1, Max + 1, 1, 1), (1, 1, Max + 1, 1), (1, 1, 1, Max + 1), (0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1) })
        {
            var (action, type, id, after) = lengths;
            await Assert.ThrowsAnyAsync<ArgumentException>(() => account.Record(new('a', action), new('b', type), new('c', id), new('d', after), Ada));
        }

        Assert.Equal(2, (await account.ReadAudit(new())).Entries.Count);
        var none = node.Accounts.GetByName(Guid.NewGuid().ToString("n"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => none.Record("create", "user", new('c', 32), null, Ada));
        Assert.Equal(AuditProof.Nothing, await none.VerifyAudit(null));
    }

    private static TokenSettings Settings(string account) => new(
        "workflow",
        [new("p1", PolicyEffect.Allow, [PermissionGroups.FindFor(KvWrite)!.Id], new Dictionary<string, string> { [ResourceName.Account(account).ToString()] = "*" })],
        ["192.0.2.0/24"]);
}
