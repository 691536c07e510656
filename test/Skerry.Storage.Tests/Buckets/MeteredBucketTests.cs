using System.Diagnostics.Metrics;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Tests.Buckets;

public sealed class MeteredBucketTests : BucketConformance, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-metered-").FullName;
    private readonly FileBucket _files;
    private readonly Meters _meters = new();
    private readonly BucketMetrics _metrics;
    private readonly MeteredBucket _bucket;

    public MeteredBucketTests()
    {
        _files = FileBucket.Open(_folder);
        _metrics = new BucketMetrics(_meters);
        _bucket = new MeteredBucket(_files, _metrics, TimeProvider.System);
    }

    protected override IBucket Bucket => _bucket;

    public void Dispose()
    {
        _metrics.Dispose();
        _files.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Requests_bytes_and_failures_are_counted()
    {
        var measured = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter, _meters.Made))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var name = instrument.Name;
            foreach (var tag in tags)
            {
                name += $" {tag.Value}";
            }

            measured[name] = measured.GetValueOrDefault(name) + value;
        });
        listener.Start();

        await _bucket.PutAsync("a", Bytes("12345"), PutCondition.IfAbsent, Cancel);
        await _bucket.PutAsync("a", Bytes("123"), PutCondition.IfAbsent, Cancel);
        await _bucket.PutStreamAsync("b", new MemoryStream(new byte[100]) { Position = 10 }, Cancel);
        await _bucket.GetAsync("a", Cancel);
        await _bucket.GetAsync("none", Cancel);
        await _bucket.GetRangeAsync("b", 80, 100, Cancel);
        await using (var stream = await _bucket.OpenReadAsync("b", Cancel))
        {
            await stream!.CopyToAsync(Stream.Null, Cancel);
        }

        await List("");
        await _bucket.DeleteAsync(["b", "c"], Cancel);
        await Assert.ThrowsAsync<BucketException>(() => _bucket.PutAsync("a/below", Bytes("x"), PutCondition.None, Cancel));

        Assert.Equal(new BucketUse(Puts: 4, Gets: 4, Lists: 1, Deletes: 1, BytesUp: 5 + 3 + 90 + 1, BytesDown: 5 + 10 + 90, Failures: 1), _metrics.Use);
        Assert.Equal(4, measured["skerry.bucket.requests put"]);
        Assert.Equal(4, measured["skerry.bucket.requests get"]);
        Assert.Equal(99, measured["skerry.bucket.io transmit"]);
        Assert.Equal(105, measured["skerry.bucket.io receive"]);
        Assert.Equal(1, measured["skerry.bucket.failures put Unsuitable"]);
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter? Made { get; private set; }

        public Meter Create(MeterOptions options) => Made = new Meter(options);

        public void Dispose()
        {
        }
    }
}
