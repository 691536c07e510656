using System.Buffers.Binary;
using System.IO.Hashing;
using Skerry.Storage.Relay.Alarms;

namespace Skerry.Storage.Tests.Relay.Alarms;

public sealed class AlarmTableTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    public void A_table_reads_as_it_was_written(int alarms)
    {
        var table = Table(alarms);
        var read = AlarmTable.Read("k", AlarmTable.Write(table));
        Assert.Equal(table.Number, read.Number);
        Assert.Equal(table.Alarms, read.Alarms);
    }

    [Fact]
    public void Names_may_be_as_long_and_as_foreign_as_namespaces_may_be()
    {
        var table = new AlarmTable(long.MinValue, new Dictionary<ObjectKey, long> { [new ObjectKey(new string('é', 127), default)] = long.MinValue, [new ObjectKey("", default)] = long.MaxValue });
        Assert.Equal(table.Alarms, AlarmTable.Read("k", AlarmTable.Write(table)).Alarms);
    }

    [Fact]
    public void Every_flipped_bit_and_every_length_is_found()
    {
        var whole = AlarmTable.Write(Table(3));
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var changed = (byte[])whole.Clone();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal("alarms/7", Assert.Throws<StorageDamagedException>(() => AlarmTable.Read("alarms/7", changed)).Path);
        }

        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Throws<StorageDamagedException>(() => AlarmTable.Read("alarms/7", whole[..length]));
        }
    }

    [Fact]
    public void A_count_that_the_file_is_too_short_for_is_damage_whatever_the_checksum_says()
    {
        foreach (var count in new[] { 4, int.MaxValue })
        {
            var file = Changed(bytes => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), count));
            Assert.Contains($"of {count}", Assert.Throws<StorageDamagedException>(() => AlarmTable.Read("k", file)).Message);
        }

        Assert.Throws<StorageDamagedException>(() => AlarmTable.Read("k", Changed(static bytes => bytes[24 + 40] = 255)));
    }

    [Fact]
    public void A_newer_version_is_refused()
    {
        var error = Assert.Throws<StorageException>(() => AlarmTable.Read("k", Changed(static bytes => bytes[8] = 2)));
        Assert.Contains("Update this node", error.Message);
    }

    private static AlarmTable Table(int alarms) => new(
        9, Enumerable.Range(0, alarms).ToDictionary(static i => new ObjectKey($"name{i % 3}", new Id256(Enumerable.Repeat((byte)i, Id256.Size - 1).Append((byte)(i >> 8)).ToArray())), static i => (long)i * 1_000));

    private static byte[] Changed(Action<byte[]> change)
    {
        var file = AlarmTable.Write(Table(3));
        change(file);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(file.Length - 8), XxHash3.HashToUInt64(file.AsSpan(0, file.Length - 8)));
        return file;
    }
}
