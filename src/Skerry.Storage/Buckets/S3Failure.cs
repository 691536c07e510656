using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Xml;
using Amazon.Runtime;
using Amazon.S3;

namespace Skerry.Storage.Buckets;

/// <summary>Why one attempt failed, and what follows from it.</summary>
/// <param name="Fault">What it is if it is the last attempt.</param>
/// <param name="Retry">It may pass by itself.</param>
/// <param name="MayHaveHappened">The server may have done, or may still do, what it was asked to.</param>
/// <param name="What">What was wrong, and what to do.</param>
internal readonly record struct S3Failure(BucketFault Fault, bool Retry, bool MayHaveHappened, string What)
{
    /// <summary>Judges what an attempt threw; null if that is a bug of this process.</summary>
    public static S3Failure? Of(Exception error, bool timedOut)
    {
        if (timedOut)
        {
            return new S3Failure(BucketFault.Unavailable, true, true, "It did not answer in time. Check the network and the server's load.");
        }

        if (error is AmazonServiceException { StatusCode: not 0 } answered)
        {
            return OfAnswer(answered);
        }

        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException)
            {
                return new S3Failure(
                    BucketFault.Unavailable, false, false, $"The server's TLS certificate was not accepted: {cause.Message} Check the endpoint's name, and that this machine trusts who signed the certificate.");
            }

            if (cause is SocketException { SocketErrorCode: not (SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.TimedOut) } socket)
            {
                return new S3Failure(BucketFault.Unavailable, true, false, $"It cannot be reached: {socket.Message}. Check the endpoint, and that the server runs.");
            }

            if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError } connect)
            {
                return new S3Failure(BucketFault.Unavailable, true, false, $"It cannot be reached: {connect.Message} Check the endpoint, and that the server runs.");
            }
        }

        return error switch
        {
            HttpRequestException or IOException or AmazonServiceException or OperationCanceledException =>
                new S3Failure(BucketFault.Unavailable, true, true, $"The connection was lost: {error.Message}"),
            XmlException or InvalidDataException =>
                new S3Failure(BucketFault.Unavailable, true, true, $"Its answer is not one of an S3 server: {error.Message} Check the endpoint."),
            AmazonClientException when error.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) =>
                new S3Failure(BucketFault.Denied, false, false, $"There are no credentials: {error.Message} Give an access key and its secret, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."),
            AmazonClientException => new S3Failure(BucketFault.Unavailable, true, true, error.Message),
            _ => null,
        };
    }

    /// <summary>
    /// True if the key is not there, but the bucket is. The SDK says "NotFound" when an answer has no code: one to HEAD
    /// never has, and of any other one it is not known that an S3 server gave it.
    /// </summary>
    public static bool IsMissing(AmazonS3Exception error, bool head = false) =>
        error.StatusCode == HttpStatusCode.NotFound && (error.ErrorCode == "NoSuchKey" || (head && error.ErrorCode == "NotFound"));

    /// <summary>True if a condition did not hold; nothing was changed by this attempt.</summary>
    public static bool IsConflict(AmazonS3Exception error) =>
        error.StatusCode == HttpStatusCode.PreconditionFailed || IsMissing(error);

    /// <summary>True if the server has no such operation.</summary>
    public static bool IsNotImplemented(AmazonS3Exception error) =>
        error.StatusCode is HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed || error.ErrorCode == "NotImplemented";

    private static S3Failure OfAnswer(AmazonServiceException error)
    {
        var said = $"It answered {(int)error.StatusCode} {error.ErrorCode}{(string.IsNullOrEmpty(error.RequestId) ? "" : $", request {error.RequestId}")}: {error.Message}.";
        return (error.ErrorCode, error.StatusCode) switch
        {
            ("NoSuchBucket" or "InvalidBucketName", _) =>
                Final(BucketFault.NoSuchBucket, $"{said} There is no such bucket. Create it, or correct its name, its region or the endpoint."),
            ("RequestTimeTooSkewed", _) =>
                Final(BucketFault.Denied, $"{said} This machine's clock and the server's differ by too much. Set the clock."),
            ("SignatureDoesNotMatch", _) => Final(BucketFault.Denied, $"{said} The secret key is wrong, or the region is another."),
            ("InvalidAccessKeyId", _) => Final(BucketFault.Denied, $"{said} There is no such access key."),
            ("ExpiredToken" or "InvalidToken", _) => Final(BucketFault.Denied, $"{said} The temporary keys have expired. Renew them."),
            ("AuthorizationHeaderMalformed" or "PermanentRedirect", _) or (_, HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect) =>
                Final(BucketFault.NoSuchBucket, $"{said} The bucket is in another region or at another endpoint. Correct these."),
            ("QuotaExceeded" or "XMinioStorageFull" or "EntityTooLarge", _) or (_, HttpStatusCode.InsufficientStorage) =>
                Final(BucketFault.Full, $"{said} Make room, or raise the quota."),
            (_, HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized) =>
                Final(BucketFault.Denied, $"{said} These credentials may not do this. It takes the right to list the bucket, and to get, put and delete its objects."),
            (_, HttpStatusCode.NotImplemented) =>
                Final(BucketFault.Unsuitable, $"{said} The server does not have what Skerry needs."),

            // The server has rejected these before it did anything.
            ("SlowDown" or "RequestTimeout" or "ConditionalRequestConflict" or "OperationAborted", _)
                or (_, HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or HttpStatusCode.Conflict) =>
                new S3Failure(BucketFault.Unavailable, true, false, said),
            (_, >= HttpStatusCode.InternalServerError) => new S3Failure(BucketFault.Unavailable, true, true, said),
            (_, HttpStatusCode.NotFound) => Final(BucketFault.NoSuchBucket, $"{said} Check that the endpoint is that of an S3 server, and the bucket's name."),
            _ => Final(BucketFault.Unavailable, $"{said} Check that the endpoint is that of an S3 server."),
        };
    }

    private static S3Failure Final(BucketFault fault, string what) => new(fault, false, false, what);
}
