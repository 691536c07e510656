using Skerry.Accounts.Audit;
using Skerry.Accounts.Tests.Hosting;

namespace Skerry.Accounts.Tests.Audit;

public sealed class AuditLogTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("UPDATE audit SET entry = replace(entry, 'thing3', 'thing9') WHERE seq = 3", 2, "entry 3")]
    [InlineData("UPDATE audit SET hash = randomblob(32) WHERE seq = 5", 4, "entry 5")]
    [InlineData("DELETE FROM audit WHERE seq = 4", 3, "entry 4 is gone")]
    [InlineData("DELETE FROM audit WHERE seq = 1", 0, "entry 1 is gone")]
    [InlineData("UPDATE audit SET seq = -seq; UPDATE audit SET seq = CASE -seq WHEN 2 THEN 3 WHEN 3 THEN 2 ELSE -seq END", 1, "entry 2")]
    [InlineData("UPDATE audit SET action = 'delete' WHERE seq = 2", 1, "entry 2 is filed")]
    [InlineData("UPDATE audit SET at = at + 1 WHERE seq = 6", 5, "entry 6 is filed")]
    public async Task Whoever_changes_the_past_is_found_out(string tampering, int whole, string named)
    {
        var thing = node.Audited.GetByName($"tampered {tampering}");
        await AddAsync(thing, 6);
        Assert.True((await thing.Verify(null)).Holds);
        await thing.Tamper(tampering);
        var proof = await thing.Verify(null);
        Assert.False(proof.Holds);
        Assert.Equal(whole, proof.Entries);
        Assert.StartsWith(named, proof.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_note_of_long_ago_shows_what_was_cut_off_or_written_anew()
    {
        var thing = node.Audited.GetByName("notes");
        await AddAsync(thing, 3);
        var noted = await thing.Verify(null);
        Assert.Equal((3L, 64, true), (noted.Entries, noted.Head.Length, noted.IsComplete));
        await thing.Add(Entry(4, Begin));
        var later = await thing.Verify(noted);
        Assert.True(later.Holds);
        Assert.Equal(4, later.Entries);
        Assert.Equal(await thing.Verify(null), later);

        // As somebody does it who knows how the chain is made: the last two entries never were, and another one is.
        await thing.Tamper("DELETE FROM audit WHERE seq >= 3");
        await thing.Add(Entry(33, Begin));
        await thing.Add(Entry(44, Begin));
        Assert.True((await thing.Verify(null)).Holds);
        Assert.Equal("entry 3 is not the one that was noted", (await thing.Verify(noted)).Problem);
        await thing.Tamper("DELETE FROM audit WHERE seq >= 3");
        Assert.Equal("entry 3 is not the one that was noted", (await thing.Verify(noted)).Problem);
    }

    [Fact]
    public async Task A_long_log_is_gone_through_in_parts()
    {
        var thing = node.Audited.GetByName("long");
        const int Entries = AuditLog.VerifyMax + 5;
        for (var i = 1; i <= Entries; i++)
        {
            await thing.Add(Entry(i, Begin));
        }

        var first = await thing.Verify(null);
        Assert.Equal((AuditLog.VerifyMax, false, true), (first.Entries, first.IsComplete, first.Holds));
        var second = await thing.Verify(first);
        Assert.Equal((Entries, true, true), (second.Entries, second.IsComplete, second.Holds));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(AuditQuery.LimitMax + 1)]
    public async Task Limits_that_are_not_accepted_are_refused(int limit) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => node.Audited.GetByName("limits").Read(new(Limit: limit)));

    [Fact]
    public async Task Parts_follow_each_other_without_gaps_while_entries_are_added()
    {
        var thing = node.Audited.GetByName("parts");
        await AddAsync(thing, 25);
        foreach (var ascending in new[] { true, false })
        {
            List<string> seen = [];
            long? after = null;
            do
            {
                var part = await thing.Read(new(Ascending: ascending, After: after, Limit: 7, Before: Begin.AddHours(1)));
                seen.AddRange(part.Entries.Select(static entry => entry.ResourceId));
                after = part.Next;
                await thing.Add(Entry(99, Begin.AddHours(2)));
            }
            while (after is not null);
            var expected = Enumerable.Range(1, 25).Select(static i => $"thing{i}");
            Assert.Equal(ascending ? expected : expected.Reverse(), seen);
        }
    }

    [Fact]
    public async Task Filters_leave_out_what_is_not_asked_for()
    {
        var thing = node.Audited.GetByName("filters");
        await AddAsync(thing, 10);
        await thing.Add(Entry(11, Begin.AddMinutes(11)) with { Action = "roll", Actor = new(ActorKind.Account, "a", "token1", "the token") });
        await thing.Add(Entry(12, Begin.AddMinutes(12)) with { ResourceType = "account" });
        async Task<string[]> Found(AuditQuery query) => [.. (await thing.Read(query)).Entries.Select(static entry => entry.ResourceId)];
        Assert.Equal(["thing11"], await Found(new(Action: "roll")));
        Assert.Equal(["thing11"], await Found(new(TokenId: "token1")));
        Assert.Equal(["thing12"], await Found(new(ResourceType: "account")));
        Assert.Equal(["thing7"], await Found(new(ResourceId: "thing7")));
        Assert.Equal(["thing5", "thing4"], await Found(new(Since: Begin.AddMinutes(4), Before: Begin.AddMinutes(6))));
        Assert.Empty(await Found(new(Action: "roll", TokenId: "token2")));
    }

    private static async Task AddAsync(IAuditedThing thing, int count)
    {
        for (var i = 1; i <= count; i++)
        {
            await thing.Add(Entry(i, Begin.AddMinutes(i)));
        }
    }

    private static AuditEntry Entry(int number, DateTimeOffset at) =>
        new($"{number:x32}", at, "create", new(ActorKind.System), "thing", $"thing{number}", null, """{"name":"a \"quoted\"\r\nname"}""");
}
