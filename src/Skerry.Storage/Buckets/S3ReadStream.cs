using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Skerry.Storage.Buckets;

/// <summary>
/// Reads one version of an object from start to end. A connection that is lost is opened again where it was; if the
/// object has been replaced meanwhile, reading fails rather than mixing two versions.
/// </summary>
internal sealed class S3ReadStream : Stream
{
    private readonly string _key;
    private readonly S3Caller _caller;
    private readonly Func<ByteRange?, string?, CancellationToken, Task<GetObjectResponse?>> _get;
    private readonly string _etag;
    private readonly long _length;
    private GetObjectResponse? _response;
    private long _position;

    private S3ReadStream(string key, S3Caller caller, Func<ByteRange?, string?, CancellationToken, Task<GetObjectResponse?>> get, GetObjectResponse response)
    {
        _key = key;
        _caller = caller;
        _get = get;
        _etag = response.ETag;
        _length = response.ContentLength;
        _response = response;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Asks for the object; null if it is not there.</summary>
    public static async Task<Stream?> OpenAsync(
        string key, S3Caller caller, Func<ByteRange?, string?, CancellationToken, Task<GetObjectResponse?>> get, CancellationToken cancel)
    {
        var response = await caller.CallAsync(new S3Call("read", key), attempt => get(null, null, attempt.Token), cancel);
        return response is null ? null : new S3ReadStream(key, caller, get, response);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || _position == _length)
        {
            return 0;
        }

        var read = await _caller.CallAsync(
            new S3Call("read", _key),
            async attempt =>
            {
                try
                {
                    _response ??= await ReopenAsync(attempt.Token);
                    var some = await _response.ResponseStream.ReadAsync(buffer, attempt.Token);
                    return some > 0 ? some : throw new EndOfStreamException($"It ended after {_position} of {_length} bytes.");
                }
                catch
                {
                    _response?.Dispose();
                    _response = null;
                    throw;
                }
            },
            cancellationToken);
        _position += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count), CancellationToken.None).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _response?.Dispose();
            _response = null;
        }

        base.Dispose(disposing);
    }

    private async Task<GetObjectResponse> ReopenAsync(CancellationToken cancel)
    {
        GetObjectResponse? response;
        try
        {
            response = await _get(new ByteRange($"bytes={_position}-"), _etag, cancel);
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            throw new BucketException(BucketFault.Unavailable, $"{_key} was replaced while it was read. Read it again.", e);
        }

        if (response is null)
        {
            throw new BucketException(BucketFault.Unavailable, $"{_key} was deleted while it was read.");
        }

        if (response.HttpStatusCode != HttpStatusCode.PartialContent && _position > 0)
        {
            response.Dispose();
            throw new BucketException(BucketFault.Unsuitable, $"{_key} cannot be read on after a lost connection: the server does not know ranges.");
        }

        return response;
    }
}
