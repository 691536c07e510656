using System.Diagnostics.Metrics;

namespace Skerry.Storage.Buckets;

/// <summary>What a bucket is used for.</summary>
internal enum BucketOperation
{
    Put,
    Get,
    List,
    Delete,
}

/// <summary>Counts since the start of the process. A put that the condition refused counts as a put, as it is paid for as one.</summary>
/// <param name="Puts">Contents sent, of whatever size.</param>
/// <param name="Gets">Contents, parts of contents, and streams asked for.</param>
/// <param name="Lists">Pages of up to 1,000 keys.</param>
/// <param name="Deletes">Calls that removed keys, whatever their number.</param>
/// <param name="BytesUp">Bytes of contents sent.</param>
/// <param name="BytesDown">Bytes of contents received.</param>
/// <param name="Failures">Calls that threw.</param>
public readonly record struct BucketUse(long Puts, long Gets, long Lists, long Deletes, long BytesUp, long BytesDown, long Failures);

/// <summary>
/// How a bucket is used and how it does, as meter <c>Skerry.Storage.Bucket</c> and as numbers to read. Counted is what
/// callers ask for; what an implementation tries again by itself is not seen here. Thread-safe.
/// </summary>
public sealed class BucketMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Skerry.Storage.Bucket";

    private static readonly string[] _names = ["put", "get", "list", "delete"];

    private readonly long[] _counts = new long[4];
    private readonly Meter _meter;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _duration;
    private long _bytesUp;
    private long _bytesDown;
    private long _failed;

    /// <summary>Makes the meter.</summary>
    public BucketMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _meter = meters.Create(MeterName);
        _requests = _meter.CreateCounter<long>("skerry.bucket.requests", "{request}", "Requests to the bucket, by operation.");
        _bytes = _meter.CreateCounter<long>("skerry.bucket.io", "By", "Bytes of contents sent to (transmit) and received from (receive) the bucket.");
        _failures = _meter.CreateCounter<long>("skerry.bucket.failures", "{request}", "Requests to the bucket that failed for good, by operation and fault.");
        _duration = _meter.CreateHistogram<double>("skerry.bucket.duration", "s", "Time that requests to the bucket take, with what is tried again.");
    }

    /// <summary>The counts so far.</summary>
    public BucketUse Use => new(
        Volatile.Read(ref _counts[(int)BucketOperation.Put]),
        Volatile.Read(ref _counts[(int)BucketOperation.Get]),
        Volatile.Read(ref _counts[(int)BucketOperation.List]),
        Volatile.Read(ref _counts[(int)BucketOperation.Delete]),
        Volatile.Read(ref _bytesUp),
        Volatile.Read(ref _bytesDown),
        Volatile.Read(ref _failed));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal void Began(BucketOperation operation)
    {
        Interlocked.Increment(ref _counts[(int)operation]);
        _requests.Add(1, Tag(operation));
    }

    internal void Ended(BucketOperation operation, TimeSpan took) => _duration.Record(took.TotalSeconds, Tag(operation));

    internal void Failed(BucketOperation operation, BucketFault fault)
    {
        Interlocked.Increment(ref _failed);
        _failures.Add(1, Tag(operation), new KeyValuePair<string, object?>("error.type", fault.ToString()));
    }

    internal void Sent(long bytes)
    {
        Interlocked.Add(ref _bytesUp, bytes);
        _bytes.Add(bytes, new KeyValuePair<string, object?>("network.io.direction", "transmit"));
    }

    internal void Received(long bytes)
    {
        Interlocked.Add(ref _bytesDown, bytes);
        _bytes.Add(bytes, new KeyValuePair<string, object?>("network.io.direction", "receive"));
    }

    private static KeyValuePair<string, object?> Tag(BucketOperation operation) => new("operation", _names[(int)operation]);
}
