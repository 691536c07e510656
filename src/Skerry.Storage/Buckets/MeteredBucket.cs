using System.Runtime.CompilerServices;

namespace Skerry.Storage.Buckets;

/// <summary>Counts what goes through to another bucket. Owns neither that nor the metrics. Thread-safe.</summary>
public sealed class MeteredBucket(IBucket bucket, BucketMetrics metrics, TimeProvider time) : IBucket
{
    private const int ListPage = 1000;

    /// <inheritdoc/>
    public string Description => bucket.Description;

    /// <inheritdoc/>
    public Task<BucketObject?> GetAsync(string key, CancellationToken cancel) => MeasureAsync(
        BucketOperation.Get,
        async () =>
        {
            var found = await bucket.GetAsync(key, cancel);
            metrics.Received(found?.Content.Length ?? 0);
            return found;
        });

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> GetRangeAsync(string key, long offset, long length, CancellationToken cancel) => MeasureAsync(
        BucketOperation.Get,
        async () =>
        {
            var found = await bucket.GetRangeAsync(key, offset, length, cancel);
            metrics.Received(found?.Length ?? 0);
            return found;
        });

    /// <inheritdoc/>
    public Task<Stream?> OpenReadAsync(string key, CancellationToken cancel) => MeasureAsync(
        BucketOperation.Get,
        async () => await bucket.OpenReadAsync(key, cancel) is { } stream ? (Stream?)new MeteredStream(stream, metrics) : null);

    /// <inheritdoc/>
    public Task<PutOutcome> PutAsync(string key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel) => MeasureAsync(
        BucketOperation.Put,
        () =>
        {
            metrics.Sent(content.Length);
            return bucket.PutAsync(key, content, condition, cancel);
        });

    /// <inheritdoc/>
    public Task PutStreamAsync(string key, Stream content, CancellationToken cancel) => MeasureAsync(
        BucketOperation.Put,
        async () =>
        {
            metrics.Sent(content.Length - content.Position);
            await bucket.PutStreamAsync(key, content, cancel);
            return true;
        });

    /// <inheritdoc/>
    public async IAsyncEnumerable<BucketEntry> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var entries = bucket.ListAsync(prefix, after, cancel).GetAsyncEnumerator(cancel);
        for (var count = 0; ; count++)
        {
            // The time of a page is that of its first entry; the others are there then.
            var next = count % ListPage == 0
                ? MeasureAsync(BucketOperation.List, () => entries.MoveNextAsync().AsTask())
                : entries.MoveNextAsync().AsTask();
            if (!await next)
            {
                yield break;
            }

            yield return entries.Current;
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancel) => MeasureAsync(
        BucketOperation.Delete,
        async () =>
        {
            await bucket.DeleteAsync(keys, cancel);
            return true;
        });

    private async Task<T> MeasureAsync<T>(BucketOperation operation, Func<Task<T>> call)
    {
        metrics.Began(operation);
        var began = time.GetTimestamp();
        try
        {
            var result = await call();
            metrics.Ended(operation, time.GetElapsedTime(began));
            return result;
        }
        catch (BucketException e)
        {
            metrics.Failed(operation, e.Fault);
            throw;
        }
    }

    private sealed class MeteredStream(Stream stream, BucketMetrics metrics) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => stream.Length;

        public override long Position
        {
            get => stream.Position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var read = stream.Read(buffer);
            metrics.Received(read);
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await stream.ReadAsync(buffer, cancellationToken);
            metrics.Received(read);
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override async ValueTask DisposeAsync()
        {
            await stream.DisposeAsync();
            await base.DisposeAsync();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                stream.Dispose();
            }
        }
    }
}
