using System.Text;
using CsCheck;
using Skerry.Objects.Tests.Sql;
using Skerry.Storage;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects.Tests.Kv;

public sealed class KvStorageTests : IDisposable
{
    private readonly SqlHost _host = new();

    private KvStorage Kv => _host.Kv;

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Lists_are_those_of_a_sorted_model()
    {
        var key = OneOf("a", "b", "ab", "aa\0", "a\0", "\u00e9", "\ud7ff", "\uffff", "\U0001F6EB", "\U0001F6EBx", "z");
        var keys = Gen.Select(key, key, static (a, b) => a + b);
        var options = Gen.Select(keys.Null(), keys.Null(), keys.Null(), key.Null(), Gen.Bool, Gen.Int[1, 6].Nullable());
        Gen.Select(keys.Array[0, 20], options).Sample((stored, wanted) =>
        {
            var (start, startAfter, end, prefix, reverse, limit) = wanted;
            Kv.Clear();
            var model = new SortedDictionary<byte[], string>(Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));
            foreach (var k in stored)
            {
                Kv.Put(k, k.Length);
                model[Encoding.UTF8.GetBytes(k)] = k;
            }

            startAfter = start is null ? startAfter : null;
            var found = Kv.List<int>(new KvListOptions { Start = start, StartAfter = startAfter, End = end, Prefix = prefix, Reverse = reverse, Limit = limit });

            var expected = model
                .Where(p => (start is null || Compare(p.Key, start) >= 0) && (startAfter is null || Compare(p.Key, startAfter) > 0)
                    && (end is null || Compare(p.Key, end) < 0) && (prefix is null || p.Value.StartsWith(prefix, StringComparison.Ordinal)))
                .Select(static p => p.Value);
            expected = reverse ? expected.Reverse() : expected;
            Assert.Equal(expected.Take(limit ?? int.MaxValue), found.Select(static p => p.Key));
            Assert.All(found, static p => Assert.Equal(p.Key.Length, p.Value));
        }, iter: 1_000, threads: 1);

        static int Compare(byte[] a, string b) => a.AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
    }

    [Fact]
    public void Values_come_back_by_their_kind()
    {
        Kv.Put("text", "a\0\U0001F6EB");
        Kv.Put("bytes", new byte[] { 0, 1 });
        Kv.Put("empty", Array.Empty<byte>());
        Kv.Put("number", 7);
        Kv.Put("record", new Point(1, 2));
        Assert.Equal("a\0\U0001F6EB", Kv.Get<string>("text"));
        Assert.Equal([0, 1], Kv.Get<byte[]>("bytes")!);
        Assert.Empty(Kv.Get<byte[]>("empty")!);
        Assert.Equal(7, Kv.Get<int>("number"));
        Assert.Equal(new Point(1, 2), Kv.Get<Point>("record"));
        Assert.Null(Kv.Get<string>("missing"));
        Assert.Contains("'text'", Assert.Throws<InvalidOperationException>(() => Kv.Get<int>("text")).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => Kv.Get<string>("bytes"));
        Assert.Throws<InvalidOperationException>(() => Kv.Get<Point>("number"));
        Assert.Throws<ArgumentNullException>(() => Kv.Put<string?>("null", null));
    }

    [Fact]
    public void Many_keys_go_in_one_call_but_no_more_than_128()
    {
        var entries = Enumerable.Range(0, 129).Select(static i => KeyValuePair.Create($"k{i:000}", i)).ToArray();
        Assert.Throws<ArgumentException>(() => Kv.Put(entries));
        Assert.Empty(Kv.List<int>());
        Kv.Put(entries.Take(128));
        Assert.Throws<ArgumentException>(() => Kv.Get<int>(entries.Select(static e => e.Key)));
        Assert.Throws<ArgumentException>(() => Kv.Delete(entries.Select(static e => e.Key)));
        Assert.Equal(["k001", "k002"], Kv.Get<int>(["k001", "none", "k002"]).Keys.Order());
        Assert.Equal(127, Kv.Delete(entries.Skip(1).Take(127).Select(static e => e.Key).Append("none")));
        Assert.Equal(["k000"], Kv.List<int>().Select(static p => p.Key));
        Assert.True(Kv.Delete("k000"));
        Assert.False(Kv.Delete("k000"));
    }

    [Fact]
    public void Sizes_are_limited()
    {
        Assert.Throws<ArgumentException>(() => Kv.Put("", 1));
        Assert.Throws<ArgumentException>(() => Kv.Put(new string('k', 2_049), 1));
        Assert.Throws<ArgumentException>(() => Kv.Get<int>(new string('\u00e9', 1_025)));
        Kv.Put(new string('k', 2_048), 1);
        var largest = new byte[KvStorage.PairBytesMax - 1];
        Kv.Put("k", largest);
        Assert.Equal(largest.Length, Kv.Get<byte[]>("k")!.Length);
        Assert.Throws<ArgumentException>(() => Kv.Put("kk", largest));
        Assert.Throws<ArgumentException>(() => Kv.Put([KeyValuePair.Create("a", new byte[1]), KeyValuePair.Create("kk", largest)]));
        Assert.Null(Kv.Get<byte[]>("a"));
    }

    [Fact]
    public void A_rollback_takes_keys_back_and_the_table_too()
    {
        Kv.Put("a", 1);
        _host.Database.Rollback();
        Kv.Forget();
        Assert.Equal(0, Kv.Get<int>("a"));
        Assert.Empty(Kv.List<int>());

        _host.Database.EnsureWriteTransaction();
        _host.Database.Savepoint("s");
        Kv.Put("b", 1);
        _host.Database.RollbackTo("s");
        Kv.Forget();
        Kv.Put("c", 2);
        _host.EndTurn();
        Assert.Equal(["c"], Kv.List<int>().Select(static p => p.Key));
    }

    [Fact]
    public void Only_writes_open_a_transaction_and_they_say_if_they_may_go_unconfirmed()
    {
        Assert.False(Kv.Delete("a"));
        Assert.Equal(0, Kv.Delete(["a"]));
        Kv.Clear();
        Assert.Empty(_host.Announced);
        Assert.False(_host.Database.HasOpenTransaction);
        Kv.Put("a", 1, new KvWriteOptions { AllowUnconfirmed = true });
        Kv.Put("b", 1);
        Kv.Delete("a", new KvWriteOptions { AllowUnconfirmed = true });
        Assert.Equal([true, false, true], _host.Announced);
    }

    [Fact]
    public void A_read_that_loses_the_transaction_is_told_to_the_object()
    {
        for (var i = 0; i < 100; i++)
        {
            Kv.Put($"{i:000}", new byte[3_000]);
        }

        _host.EndTurn();
        using var again = new SqliteDatabase(_host.File, new SqliteLimits());
        var host = new FailingHost(again);
        var kv = new KvStorage(host);
        kv.Put("000", 1);
        _host.File.ReadError = new StorageException("gone");

        Assert.Throws<SqliteException>(() => kv.Get<byte[]>("099"));

        Assert.NotNull(host.Failure);
    }

    [Fact]
    public void Contradictory_lists_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Kv.List<int>(new KvListOptions { Start = "a", StartAfter = "b" }));
        Assert.Throws<ArgumentException>(() => Kv.List<int>(new KvListOptions { Limit = 0 }));
    }

    private static Gen<string> OneOf(params string[] items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);

    private sealed record Point(int X, int Y);

    private sealed class FailingHost(SqliteDatabase database) : ISqlHost
    {
        public SqliteDatabase Database => database;

        public Exception? Failure { get; private set; }

        public void BeforeWrite() => database.EnsureWriteTransaction();

        public void BeforeWrite(bool allowUnconfirmed) => BeforeWrite();

        public void EngineFailed(Exception error) => Failure = error;
    }
}
