using System.Security.Cryptography;
using System.Text;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Tests.Buckets;

/// <summary>What every bucket does. Tests share a bucket, each with keys of its own.</summary>
public abstract class BucketConformance
{
    private readonly string _own = $"t-{Guid.NewGuid():N}/";

    protected abstract IBucket Bucket { get; }

    /// <summary>A server may lose track of who loses a race; that has to be said, and is no success.</summary>
    protected virtual bool LosersMayNotKnow => false;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected string Key(string name) => _own + name;

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public async Task What_was_put_is_there_whole()
    {
        var key = Key("some/where/deep");
        Assert.Null(await Bucket.GetAsync(key, Cancel));
        var put = await Bucket.PutAsync(key, Bytes("one"), PutCondition.None, Cancel);
        Assert.True(put.Stored);
        var got = await Bucket.GetAsync(key, Cancel);
        Assert.Equal(Bytes("one"), got!.Value.Content.ToArray());
        Assert.Equal(put.ETag, got.Value.ETag);

        var second = await Bucket.PutAsync(key, Bytes("another"), PutCondition.None, Cancel);
        got = await Bucket.GetAsync(key, Cancel);
        Assert.Equal(Bytes("another"), got!.Value.Content.ToArray());
        Assert.Equal(second.ETag, got.Value.ETag);
        Assert.NotEqual(put.ETag, second.ETag);
    }

    [Fact]
    public async Task Nothing_is_a_content_too()
    {
        var key = Key("empty");
        Assert.True((await Bucket.PutAsync(key, default, PutCondition.IfAbsent, Cancel)).Stored);
        Assert.Equal(0, (await Bucket.GetAsync(key, Cancel))!.Value.Content.Length);
        Assert.Equal(0, (await Bucket.GetRangeAsync(key, 0, 10, Cancel))!.Value.Length);
        Assert.Equal(0, (await Bucket.GetRangeAsync(key, -10, 10, Cancel))!.Value.Length);
        await using var stream = await Bucket.OpenReadAsync(key, Cancel);
        Assert.Equal(-1, stream!.ReadByte());
        Assert.Equal(0, Assert.Single(await List(Key(""))).Bytes);
    }

    [Fact]
    public async Task Create_if_absent_happens_once()
    {
        var key = Key("once");
        Assert.True((await Bucket.PutAsync(key, Bytes("first"), PutCondition.IfAbsent, Cancel)).Stored);
        Assert.Equal(PutOutcome.Conflict, await Bucket.PutAsync(key, Bytes("second"), PutCondition.IfAbsent, Cancel));
        Assert.Equal(PutOutcome.Conflict, await Bucket.PutAsync(key, Bytes("first"), PutCondition.IfAbsent, Cancel));
        Assert.Equal(Bytes("first"), (await Bucket.GetAsync(key, Cancel))!.Value.Content.ToArray());

        await Bucket.DeleteAsync([key], Cancel);
        Assert.True((await Bucket.PutAsync(key, Bytes("third"), PutCondition.IfAbsent, Cancel)).Stored);
    }

    [Fact]
    public async Task Swap_if_match_needs_the_present_version()
    {
        var key = Key("swap");
        var first = await Bucket.PutAsync(key, Bytes("1"), PutCondition.IfAbsent, Cancel);
        var second = await Bucket.PutAsync(key, Bytes("2"), PutCondition.IfMatch(first.ETag!), Cancel);
        Assert.True(second.Stored);
        Assert.Equal(PutOutcome.Conflict, await Bucket.PutAsync(key, Bytes("x"), PutCondition.IfMatch(first.ETag!), Cancel));
        Assert.Equal(Bytes("2"), (await Bucket.GetAsync(key, Cancel))!.Value.Content.ToArray());
        Assert.True((await Bucket.PutAsync(key, Bytes("3"), PutCondition.IfMatch(second.ETag!), Cancel)).Stored);
    }

    [Fact]
    public async Task Swap_of_a_key_that_is_gone_or_never_was_conflicts()
    {
        var key = Key("gone");
        var put = await Bucket.PutAsync(key, Bytes("1"), PutCondition.None, Cancel);
        await Bucket.DeleteAsync([key], Cancel);
        Assert.Equal(PutOutcome.Conflict, await Bucket.PutAsync(key, Bytes("2"), PutCondition.IfMatch(put.ETag!), Cancel));
        Assert.Equal(PutOutcome.Conflict, await Bucket.PutAsync(Key("never"), Bytes("2"), PutCondition.IfMatch(put.ETag!), Cancel));
        Assert.Null(await Bucket.GetAsync(key, Cancel));
    }

    [Theory]
    [InlineData(16, 12)]
    public async Task Of_many_who_create_one_wins(int racers, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            var key = Key($"create/{round}");
            var outcomes = await Race(racers, n => RacingPut(key, Bytes($"racer {n}"), PutCondition.IfAbsent));
            var winner = Assert.Single(Enumerable.Range(0, racers), n => outcomes[n].Stored);
            var got = (await Bucket.GetAsync(key, Cancel))!.Value;
            Assert.Equal(Bytes($"racer {winner}"), got.Content.ToArray());
            Assert.Equal(outcomes[winner].ETag, got.ETag);
        }
    }

    [Theory]
    [InlineData(16, 12)]
    public async Task Of_many_who_swap_one_wins(int racers, int rounds)
    {
        var key = Key("swapped");
        var etag = (await Bucket.PutAsync(key, Bytes("start"), PutCondition.IfAbsent, Cancel)).ETag!;
        for (var round = 0; round < rounds; round++)
        {
            var outcomes = await Race(racers, n => RacingPut(key, Bytes($"round {round} racer {n}"), PutCondition.IfMatch(etag)));
            var winner = Assert.Single(Enumerable.Range(0, racers), n => outcomes[n].Stored);
            var got = (await Bucket.GetAsync(key, Cancel))!.Value;
            Assert.Equal(Bytes($"round {round} racer {winner}"), got.Content.ToArray());
            etag = got.ETag;
            Assert.Equal(outcomes[winner].ETag, etag);
        }
    }

    [Fact]
    public async Task No_increment_of_a_counter_is_lost()
    {
        const int Workers = 6;
        const int Each = 10;
        var key = Key("counter");
        await Bucket.PutAsync(key, Bytes("0"), PutCondition.IfAbsent, Cancel);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(
            async () =>
            {
                for (var done = 0; done < Each;)
                {
                    var now = (await Bucket.GetAsync(key, Cancel))!.Value;
                    var next = int.Parse(now.Content.Span, null) + 1;
                    done += (await RacingPut(key, Bytes($"{next}"), PutCondition.IfMatch(now.ETag))).Stored ? 1 : 0;
                }
            },
            Cancel)));
        Assert.Equal(Bytes($"{Workers * Each}"), (await Bucket.GetAsync(key, Cancel))!.Value.Content.ToArray());
    }

    [Theory]
    [InlineData(0, 4, "0123")]
    [InlineData(3, 4, "3456")]
    [InlineData(8, 100, "89")]
    [InlineData(9, 1, "9")]
    [InlineData(10, 1, "")]
    [InlineData(1000, 1, "")]
    [InlineData(2, 0, "")]
    [InlineData(0, long.MaxValue, "0123456789")]
    [InlineData(4, long.MaxValue, "456789")]
    [InlineData(-3, 3, "789")]
    [InlineData(-3, 2, "78")]
    [InlineData(-3, 100, "789")]
    [InlineData(-10, 4, "0123")]
    [InlineData(-100, 4, "0123")]
    [InlineData(-100, 1000, "0123456789")]
    public async Task A_range_leaves_out_what_is_not_there(long offset, long length, string expected)
    {
        var key = Key("range");
        await Bucket.PutAsync(key, Bytes("0123456789"), PutCondition.None, Cancel);
        var got = await Bucket.GetRangeAsync(key, offset, length, Cancel);
        Assert.Equal(expected, Encoding.UTF8.GetString(got!.Value.Span));
        Assert.Null(await Bucket.GetRangeAsync(Key("no-range"), offset, length, Cancel));
    }

    [Fact]
    public async Task A_large_stream_arrives_whole_from_where_it_stands()
    {
        var content = new byte[(37 << 20) + 12345];
        new Random(7).NextBytes(content);
        var key = Key("large");
        using var stream = new MemoryStream(content) { Position = 345 };
        await Bucket.PutStreamAsync(key, stream, Cancel);

        await using var read = await Bucket.OpenReadAsync(key, Cancel);
        Assert.Equal(SHA256.HashData(content.AsSpan(345)), await SHA256.HashDataAsync(read!, Cancel));
        Assert.Equal(content.Length - 345, Assert.Single(await List(Key(""))).Bytes);
        Assert.Equal(content[^1000..], (await Bucket.GetRangeAsync(key, -1000, 1000, Cancel))!.Value.ToArray());
        Assert.Equal(content[((20 << 20) + 345)..][..1000], (await Bucket.GetRangeAsync(key, 20 << 20, 1000, Cancel))!.Value.ToArray());

        // A small one replaces it, and then nothing of the large one is left.
        await Bucket.PutStreamAsync(key, new MemoryStream(Bytes("small")), Cancel);
        Assert.Equal(Bytes("small"), (await Bucket.GetAsync(key, Cancel))!.Value.Content.ToArray());
        Assert.Null(await Bucket.OpenReadAsync(Key("no-stream"), Cancel));
    }

    [Fact]
    public async Task A_list_is_in_the_order_of_bytes()
    {
        string[] keys = ["a-b", "a.b", "a/b", "a/b-c", "a/b.c", "a/c/d", "a0", "aB", "a_b", "aa", "b"];
        foreach (var key in keys.Reverse())
        {
            await Bucket.PutAsync(Key(key), Bytes(key), PutCondition.None, Cancel);
        }

        string[] expected = [.. keys.Select(Key).Order(StringComparer.Ordinal)];
        var entries = await List(Key(""));
        Assert.Equal(expected, entries.Select(e => e.Key));
        Assert.Equal(expected.Select(k => k.Length - Key("").Length), entries.Select(e => (int)e.Bytes));
        Assert.All(entries, e => Assert.True(e.Modified > DateTimeOffset.UnixEpoch.AddYears(50)));

        // Every prefix and every place to go on from gives what the whole list would.
        foreach (var prefix in keys.Append("").Append("a/").Append("a/b-").Append("none").Append("a/c"))
        {
            foreach (var after in expected.Append(null).Append(Key("")).Append(Key("a/")).Append(Key("a/b0")).Append("zzz").Append("a"))
            {
                Assert.Equal(
                    expected.Where(k => k.StartsWith(Key(prefix), StringComparison.Ordinal) && (after is null || string.CompareOrdinal(k, after) > 0)),
                    (await List(Key(prefix), after)).Select(e => e.Key));
            }
        }
    }

    [Fact]
    public async Task A_long_list_is_complete_and_its_keys_go_at_once()
    {
        string[] keys = [.. Enumerable.Range(0, 2_100).Select(n => Key($"many/{n:x16}"))];
        await Parallel.ForEachAsync(keys, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel }, async (key, cancel) =>
            await Bucket.PutAsync(key, Bytes("x"), PutCondition.None, cancel));
        Assert.Equal(keys, (await List(Key("many/"))).Select(e => e.Key));
        Assert.Equal(keys[1_050..], (await List(Key("many/"), keys[1_049])).Select(e => e.Key));

        // Whoever stops early need not have read it all.
        await foreach (var entry in Bucket.ListAsync(Key("many/"), null, Cancel))
        {
            Assert.Equal(keys[0], entry.Key);
            break;
        }

        await Bucket.DeleteAsync([.. keys[..2_050], Key("not-there")], Cancel);
        Assert.Equal(keys[2_050..], (await List(Key(""))).Select(e => e.Key));
        await Bucket.DeleteAsync(keys, Cancel);
        Assert.Empty(await List(Key("")));
        await Bucket.DeleteAsync([], Cancel);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("../outside")]
    [InlineData("a/./b")]
    [InlineData("a b")]
    [InlineData("a\\b")]
    [InlineData("a~b")]
    [InlineData("a\0b")]
    [InlineData("ä")]
    [InlineData("a\n")]
    [InlineData(null, 201)]
    [InlineData(null, 901)]
    public async Task An_odd_key_is_refused_by_name(string? key, int length = 0)
    {
        key ??= length > 900 ? string.Join('/', Enumerable.Repeat(new string('a', 100), 9)) : new string('a', length);
        foreach (var call in new Func<Task>[]
        {
            () => Bucket.GetAsync(key, Cancel),
            () => Bucket.GetRangeAsync(key, 0, 1, Cancel),
            () => Bucket.OpenReadAsync(key, Cancel),
            () => Bucket.PutAsync(key, Bytes("x"), PutCondition.None, Cancel),
            () => Bucket.PutStreamAsync(key, new MemoryStream(), Cancel),
            () => Bucket.DeleteAsync([Key("fine"), key], Cancel),
        })
        {
            var error = await Assert.ThrowsAsync<ArgumentException>(call);
            Assert.Contains($"'{key}'", error.Message);
            Assert.Contains("a-z A-Z 0-9", error.Message);
        }
    }

    [Fact]
    public async Task The_longest_keys_are_taken()
    {
        var longest = string.Join('/', Enumerable.Repeat(new string('k', 200), 5))[..(900 - Key("").Length)];
        var key = Key(longest);
        Assert.Equal(900, key.Length);
        await Bucket.PutAsync(key, Bytes("long"), PutCondition.None, Cancel);
        Assert.Equal(key, Assert.Single(await List(Key(""))).Key);
        await Bucket.DeleteAsync([key], Cancel);
        Assert.Null(await Bucket.GetAsync(key, Cancel));
    }

    [Fact]
    public async Task What_other_keys_begin_with_is_no_key()
    {
        await Bucket.PutAsync(Key("dir/file"), Bytes("x"), PutCondition.None, Cancel);
        Assert.Null(await Bucket.GetAsync(Key("dir"), Cancel));
        Assert.Null(await Bucket.GetAsync(Key("dir/file/more"), Cancel));
        Assert.Null(await Bucket.OpenReadAsync(Key("dir"), Cancel));
        await Bucket.DeleteAsync([Key("dir"), Key("dir/file/more")], Cancel);
        Assert.Single(await List(Key("dir/")));
    }

    [Fact]
    public async Task Who_has_given_up_already_gets_no_work_done()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Bucket.PutAsync(Key("late"), Bytes("x"), PutCondition.None, source.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Bucket.GetAsync(Key("late"), source.Token));
        Assert.Null(await Bucket.GetAsync(Key("late"), Cancel));
    }

    protected async Task<List<BucketEntry>> List(string prefix, string? after = null)
    {
        var entries = new List<BucketEntry>();
        await foreach (var entry in Bucket.ListAsync(prefix, after, Cancel))
        {
            entries.Add(entry);
        }

        return entries;
    }

    private async Task<PutOutcome> RacingPut(string key, byte[] content, PutCondition condition)
    {
        try
        {
            return await Bucket.PutAsync(key, content, condition, Cancel);
        }
        catch (BucketException e) when (LosersMayNotKnow && e.Fault == BucketFault.OutcomeUnknown)
        {
            return PutOutcome.Conflict;
        }
    }

    private static async Task<PutOutcome[]> Race(int racers, Func<int, Task<PutOutcome>> put)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = Enumerable.Range(0, racers).Select(async n =>
        {
            await start.Task;
            return await put(n);
        }).ToArray();
        start.SetResult();
        return await Task.WhenAll(running);
    }
}
