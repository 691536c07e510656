using Skerry.Storage;
using Skerry.Storage.Log;

namespace Skerry.Bench.Fleet;

/// <summary>Writes of many objects at once over three followers, and what one follower received and wrote for them.</summary>
internal static class FollowerBytes
{
    private const int Writers = 64;
    private const int WritesEach = 300;

    /// <summary>Bytes of a record: a change of a small row, one page compressed.</summary>
    public const int RecordBytes = 1_000;

    /// <summary>Bytes of all records of the load.</summary>
    public static long Total => (long)Writers * WritesEach * RecordBytes;

    /// <summary>What both figures say of the load.</summary>
    public static string Load => $"{Writers} writers, records of {RecordBytes} bytes";

    /// <summary>Runs the load.</summary>
    /// <returns>What <paramref name="counter"/> grew by, for each byte of the records.</returns>
    public static async Task<double> Measure(LeaderWithFollowers log, Func<long> counter, CancellationToken cancel)
    {
        var payload = new byte[RecordBytes];
        new Random(1).NextBytes(payload);
        await log.WaitForAll(cancel);
        var before = counter();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(
            async () =>
            {
                var stream = new LogStream(new ObjectKey("bench", new Id256([.. Enumerable.Repeat((byte)writer, Id256.Size)])), default);
                for (var i = 0; i < WritesEach; i++)
                {
                    await TimedAppend.Run(log.Log, stream, (ulong)i + 1, payload).WaitAsync(cancel);
                }
            },
            cancel)));
        await log.WaitForAll(cancel);
        return (counter() - before) / (double)Total;
    }
}
