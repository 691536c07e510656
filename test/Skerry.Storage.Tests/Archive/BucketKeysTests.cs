using CsCheck;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Archive;

public sealed class BucketKeysTests
{
    private static readonly SessionId Session = new(0xabcdef);
    private static readonly ObjectKey Key = ModelObject.NewKey(1);

    [Fact]
    public void Names_are_what_the_protocol_says()
    {
        var id = Key.Id.ToString();
        Assert.Equal("sessions/00000000000000000000000000abcdef", BucketKeys.Session(Session));
        Assert.Equal("bundles/00000000000000000000000000abcdef/0000000000000001-000000000000001f", BucketKeys.Bundle(Session, 1, 31));
        Assert.Equal($"objects/model/{id}/owner", BucketKeys.Owner(Key));
        Assert.Equal($"objects/model/{id}/log/0000000000000002-0000000000000010-0000000000100000", BucketKeys.Log(Key, 2, 16, 1 << 20));
        Assert.Equal($"objects/model/{id}/snapshot/0000000000000010-0000000000100000-0000000000000005", BucketKeys.Snapshot(Key, 16, 1 << 20, 5));
        Assert.Equal("alarms/00000000000000000000000000abcdef", BucketKeys.Alarms(Session));
        Assert.Equal("trash/000000000000000a-000000000000000b", BucketKeys.Trash(10, 11));
    }

    [Fact]
    public void Every_name_is_read_as_it_was_written_and_sorts_as_its_numbers() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.ULong, Gen.Long).Sample((a, b, epoch, alarm) =>
        {
            var (min, max) = (Math.Min(a, b), Math.Max(a, b));
            Assert.True(BucketKeys.TryParseBundle(BucketKeys.Bundle(Session, min, max), out var session, out var first, out var last));
            Assert.Equal((Session, min, max), (session, first, last));
            Assert.True(BucketKeys.TryParseLog(BucketKeys.Log(Key, min, max, epoch), out var key, out var from, out var to, out var read));
            Assert.Equal((Key, min, max, epoch), (key, from, to, read));
            Assert.True(BucketKeys.TryParseSnapshot(BucketKeys.Snapshot(Key, min, epoch, alarm), out key, out var txid, out read, out var due));
            Assert.Equal((Key, min, epoch, alarm), (key, txid, read, due));
            Assert.True(BucketKeys.TryParseTrash(BucketKeys.Trash(alarm, epoch), out var time));
            Assert.Equal(alarm, time);
            Assert.Equal(Math.Sign(a.CompareTo(b)), Math.Sign(string.CompareOrdinal(BucketKeys.Log(Key, a, a, 0), BucketKeys.Log(Key, b, b, 0))));
        });

    [Theory]
    [InlineData("bundles/00000000000000000000000000abcdef/0000000000000002-0000000000000001")]
    [InlineData("bundles/00000000000000000000000000abcdef/0000000000000001-000000000000000F")]
    [InlineData("bundles/00000000000000000000000000abcdef/1-2")]
    [InlineData("bundles/00000000000000000000000000ABCDEF/0000000000000001-0000000000000002")]
    [InlineData("bundles/00000000000000000000000000abcdef/0000000000000001-0000000000000002/x")]
    [InlineData("objects/model/00/log/0000000000000001-0000000000000002-0000000000000003")]
    [InlineData("trash/0000000000000001")]
    [InlineData("trash/0000000000000001- 000000000000001")]
    public void What_is_not_exactly_a_name_is_not_read(string key)
    {
        Assert.False(BucketKeys.TryParseBundle(key, out _, out _, out _));
        Assert.False(BucketKeys.TryParseLog(key, out _, out _, out _, out _));
        Assert.False(BucketKeys.TryParseSnapshot(key, out _, out _, out _, out _));
        Assert.False(BucketKeys.TryParseTrash(key, out _));
        Assert.False(BucketKeys.TryParseSession(key, out _));
    }

    [Fact]
    public void A_key_tells_its_object()
    {
        Assert.True(BucketKeys.TryParseObject(BucketKeys.Owner(Key), out var key, out var rest));
        Assert.Equal((Key, "owner"), (key, rest));
        Assert.False(BucketKeys.TryParseObject("objects/Model/" + Key.Id + "/owner", out _, out _));
        Assert.False(BucketKeys.TryParseObject("objects/model/" + Key.Id.ToString().ToUpperInvariant() + "/owner", out _, out _));
    }
}
