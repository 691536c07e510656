using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Archive;

public sealed partial class Uploader
{
    [LoggerMessage(1040, LogLevel.Error, "Uploading to {Bucket} failed, and is tried again until it succeeds. Confirmed records stay with this node's followers and in its log meanwhile.")]
    private static partial void LogUploadFailed(ILogger logger, string bucket, Exception error);

    [LoggerMessage(1041, LogLevel.Information, "Uploading to {Bucket} succeeds again.")]
    private static partial void LogUploadWorks(ILogger logger, string bucket);

    [LoggerMessage(1042, LogLevel.Warning, "{Work} of {Key} failed, and is tried again later. Nothing is lost by that.")]
    private static partial void LogWorkFailed(ILogger logger, UploadWorkKind work, ObjectKey key, Exception error);

    [LoggerMessage(1043, LogLevel.Warning, "Tidying up {Bucket} failed, and is tried again later.")]
    private static partial void LogTidyFailed(ILogger logger, string bucket, Exception error);

    [LoggerMessage(1044, LogLevel.Error, "Files of {Key} in the bucket are damaged, so its history is kept as it is, however old. Verify the object.")]
    private static partial void LogSweepFailed(ILogger logger, ObjectKey key, Exception error);
}
