using Amazon.S3;
using Amazon.S3.Model;

namespace Skerry.Storage.Buckets;

/// <summary>Uploads one large stream in parts; what is seen of it appears at once, at the end.</summary>
/// <remarks>
/// What a process that ends meanwhile leaves behind is never seen, but it is paid for: a rule of the bucket that ends
/// incomplete uploads after a day removes it.
/// </remarks>
internal sealed class S3MultipartUpload(
    AmazonS3Client client, S3Caller caller, S3BucketOptions options, string key, string fullKey, string nameKey, string name)
{
    private const int PartsMax = 10_000;

    /// <summary>
    /// 1. Begin. 2. Read the stream part by part, and upload several at once. 3. Complete; if that answer was lost, the
    /// object's own name tells. Whatever fails before, the parts are dropped.
    /// </summary>
    public async Task RunAsync(Stream content, long length, Func<CancellationToken, Task<string?>> presentName, CancellationToken cancel)
    {
        var begin = new InitiateMultipartUploadRequest { BucketName = options.Bucket, Key = fullKey, ContentType = "application/octet-stream" };
        begin.Metadata[nameKey] = name;
        var upload = (await caller.CallAsync(
            new S3Call("begin to upload", key), attempt => client.InitiateMultipartUploadAsync(begin, attempt.Token), cancel)).UploadId;
        var completing = false;
        try
        {
            var parts = await UploadPartsAsync(content, length, upload, cancel);
            completing = true;
            await caller.CallAsync(
                new S3Call("complete", key, Writes: true),
                async attempt =>
                {
                    try
                    {
                        await client.CompleteMultipartUploadAsync(
                            new CompleteMultipartUploadRequest { BucketName = options.Bucket, Key = fullKey, UploadId = upload, PartETags = parts },
                            attempt.Token);
                    }
                    catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchUpload")
                    {
                        // An earlier attempt may have completed it.
                        if (await presentName(attempt.Token) != name)
                        {
                            throw;
                        }
                    }

                    return true;
                },
                cancel);
        }
        catch when (!completing)
        {
            await TryAbortAsync(upload);
            throw;
        }
    }

    private async Task<List<PartETag>> UploadPartsAsync(Stream content, long length, string upload, CancellationToken cancel)
    {
        var partBytes = (int)Math.Max(options.PartBytes, Math.Min((length / PartsMax) + 1, Array.MaxLength));
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var room = new SemaphoreSlim(options.ConcurrentPartsMax);
        var uploads = new List<Task<PartETag>>();
        try
        {
            for (var left = length; left > 0;)
            {
                await room.WaitAsync(failed.Token);
                var part = new byte[Math.Min(left, partBytes)];
                await content.ReadExactlyAsync(part, failed.Token);
                left -= part.Length;
                uploads.Add(UploadPartAsync(part, uploads.Count + 1));
            }
        }
        catch when (failed.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            // A part's failure, below, says why.
        }
        catch
        {
            await failed.CancelAsync();
            await Task.WhenAll(uploads).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            throw;
        }

        try
        {
            return [.. await Task.WhenAll(uploads)];
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw uploads.First(static t => t.IsFaulted).Exception!.InnerException!;
        }

        async Task<PartETag> UploadPartAsync(byte[] part, int number)
        {
            try
            {
                var response = await caller.CallAsync(
                    new S3Call($"upload part {number} of", key, Bytes: part.Length),
                    async attempt =>
                    {
                        using var stream = new MemoryStream(part, writable: false);
                        return await client.UploadPartAsync(
                            new UploadPartRequest
                            {
                                BucketName = options.Bucket,
                                Key = fullKey,
                                UploadId = upload,
                                PartNumber = number,
                                InputStream = stream,
                                PartSize = part.Length,
                                UseChunkEncoding = false,
                            },
                            attempt.Token);
                    },
                    failed.Token);
                room.Release();
                return new PartETag(number, response.ETag);
            }
            catch
            {
                await failed.CancelAsync();
                throw;
            }
        }
    }

    private async Task TryAbortAsync(string upload)
    {
        try
        {
            await caller.AttemptAsync(
                new S3Call("abort", key),
                attempt => client.AbortMultipartUploadAsync(
                    new AbortMultipartUploadRequest { BucketName = options.Bucket, Key = fullKey, UploadId = upload }, attempt.Token),
                CancellationToken.None);
        }
        catch (S3AttemptException)
        {
            // The bucket's rule for incomplete uploads removes it.
        }
    }
}
