using System.Diagnostics;
using Skerry.Bench.Fleet;
using Skerry.Bench.Measuring;
using Skerry.Storage;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;

namespace Skerry.Bench.Figures;

/// <summary>
/// One record at a time over three followers on this machine, until two of them have it on the disk. Against the two
/// things that cannot be left out, each alone: a round trip of such a frame over the same transport, and an fdatasync.
/// </summary>
internal sealed class ConfirmLatency : IFigure
{
    private const int Times = 300;
    private const int WarmUps = 20;
    private const int RecordBytes = 1_000;
    private const int Followers = 3;

    /// <inheritdoc/>
    public string Name => "confirm_latency";

    /// <inheritdoc/>
    public string Unit => "us p50";

    /// <inheritdoc/>
    public string Peer => "one round trip + one fdatasync, each alone";

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 1.5 times the peer", RatioMin: 1 / 1.5);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        var payload = new byte[RecordBytes];
        new Random(1).NextBytes(payload);
        await using var log = await LeaderWithFollowers.Start(run, cancel);
        using var sync = new DataSync(run.NewFolder(Name));
        var echo = new EchoEvents();
        await using var stream = await log.Echo(echo, cancel);
        var records = new LogStream(new ObjectKey("bench", default), default);
        var txid = 0UL;
        var sequence = 0UL;
        var trips = new List<double>();
        var syncs = new List<double>();

        async Task<double> Confirmations()
        {
            var times = new List<double>(Times);
            for (var i = 0; i < Times; i++)
            {
                times.Add(await TimedAppend.Run(log.Log, records, ++txid, payload).WaitAsync(cancel));
            }

            return Rounds.Median(times)!.Value;
        }

        async Task<double> Parts()
        {
            var (trip, flush) = (new List<double>(Times), new List<double>(Times));
            for (var i = 0; i < Times; i++)
            {
                sequence++;
                var answered = echo.Next();
                var start = Stopwatch.GetTimestamp();
                await stream.SendAsync(new Frame(sequence, sequence, 1, 1, 0, payload), start, cancel);
                trip.Add(Stopwatch.GetElapsedTime(start, await answered.WaitAsync(cancel)).TotalMicroseconds);
                flush.Add(sync.Once(payload));
            }

            trips.Add(Rounds.Median(trip)!.Value);
            syncs.Add(Rounds.Median(flush)!.Value);
            return trips[^1] + syncs[^1];
        }

        // Four processes on few cores compile their hottest methods anew until each has run often.
        for (var warm = 0; warm < WarmUps; warm++)
        {
            await Confirmations();
            await Parts();
        }

        trips.Clear();
        syncs.Clear();
        var (ours, peer) = await Rounds.Alternate(5, Confirmations, Parts, cancel);
        var together = SyncsTogether.Majority(Followers, () => new DataSync(run.NewFolder(Name)), payload, Times);
        return new Measurement(
            ours,
            peer,
            $"records of {RecordBytes} bytes; a round trip {Shown.Of(Rounds.Median(trips), "0")} us, an fdatasync {Shown.Of(Rounds.Median(syncs), "0")} us; of {Followers} at once, as the followers of one machine do it, most are through after {Shown.Of(together, "0")} us");
    }

    private sealed class EchoEvents : IFollowerEvents
    {
        private TaskCompletionSource<long> _next = new();

        public Task<long> Next()
        {
            _next = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            return _next.Task;
        }

        public void Acknowledged(ulong held, long sentAt) => _next.TrySetResult(Stopwatch.GetTimestamp());

        public void Refused(int recoveryEpoch) => _next.TrySetException(new BenchException("The follower has refused a frame."));

        public void Ended(Exception? cause) => _next.TrySetException(new BenchException($"The stream has ended: {cause?.Message}"));
    }
}
