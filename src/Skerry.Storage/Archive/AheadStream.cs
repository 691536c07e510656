using Skerry.Storage.Buckets;

namespace Skerry.Storage.Archive;

/// <summary>
/// Part of a file in the bucket as a stream that is read ahead: <see cref="EnsureAsync"/> waits for bytes, and reading
/// then takes what is there, without waiting. Not thread-safe.
/// </summary>
internal sealed class AheadStream(IBucket bucket, string key, long offset, long length, CancellationToken cancel) : Stream, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
    private readonly Queue<(long Bytes, Task<ReadOnlyMemory<byte>?> Read)> _ahead = [];
    private readonly Queue<ReadOnlyMemory<byte>> _there = [];
    private long _asked;
    private long _available;

    // What has been taken of the first piece that is there.
    private int _taken;

    /// <summary>Waits until that many bytes, or all the rest, can be read at once.</summary>
    /// <exception cref="StorageException">The file is gone.</exception>
    /// <exception cref="StorageDamagedException">The file is shorter than it should be.</exception>
    public async ValueTask EnsureAsync(long bytes)
    {
        while (_available < bytes && (_ahead.Count > 0 || _asked < length))
        {
            while (_asked < length && (_asked - Position - _available < RecordFetcher.AheadBytes || _ahead.Count == 0))
            {
                var count = Math.Min(RecordFetcher.ExtentBytes, length - _asked);
                _ahead.Enqueue((count, bucket.GetRangeAsync(key, offset + _asked, count, _stop.Token)));
                _asked += count;
            }

            var (wanted, read) = _ahead.Peek();
            var content = await read ?? throw new StorageException($"{key} is not in the bucket any more. If the object is in use elsewhere, try again.");
            _ = _ahead.Dequeue();
            if (content.Length != wanted)
            {
                throw new StorageDamagedException(key, offset + Position + _available + content.Length, "the file is shorter than it was when it was listed");
            }

            _there.Enqueue(content);
            _available += content.Length;
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (!_there.TryPeek(out var piece) || buffer.IsEmpty)
        {
            return Position == length || buffer.IsEmpty
                ? 0
                : throw new InvalidOperationException($"More of {key} was read than was waited for.");
        }

        var rest = piece.Span[_taken..];
        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        Position += count;
        _available -= count;
        _taken += count;
        if (count == rest.Length)
        {
            _ = _there.Dequeue();
            _taken = 0;
        }

        return count;
    }

    public override async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        foreach (var (_, read) in _ahead)
        {
            await ((Task)read).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        _stop.Dispose();
        await base.DisposeAsync();
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
