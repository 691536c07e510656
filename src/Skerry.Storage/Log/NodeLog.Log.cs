using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Log;

/// <summary>What the log tells of itself; ids 1100 to 1199.</summary>
internal static partial class NodeLogMessages
{
    [LoggerMessage(1100, LogLevel.Information, "The log in {Folder} is open: {Records} records replayed, {Segments} segments, next position {End}.")]
    public static partial void Opened(ILogger logger, string folder, long records, int segments, LogPosition end);

    [LoggerMessage(1101, LogLevel.Information, "Cut what a crash left unfinished from {Path} at byte {Offset}; nothing of it was confirmed.")]
    public static partial void TailCut(ILogger logger, string path, long offset);

    [LoggerMessage(1102, LogLevel.Error, "{Path} is damaged at byte {Offset}: {What}")]
    public static partial void Damaged(ILogger logger, string path, long offset, string what);

    [LoggerMessage(1103, LogLevel.Error, "A batch of {Records} records could not be written to the log; their objects restart.")]
    public static partial void BatchFailed(ILogger logger, int records, Exception error);

    [LoggerMessage(1104, LogLevel.Warning, "{Path} is given up at byte {Offset}, because what was written there may not last; the log goes on in a new segment.")]
    public static partial void SegmentGivenUp(ILogger logger, string path, long offset);

    [LoggerMessage(1105, LogLevel.Information, "The log can be written again.")]
    public static partial void Recovered(ILogger logger);

    [LoggerMessage(1106, LogLevel.Warning, "Space for the log could not be prepared after {Path}; the log tries again while it writes.")]
    public static partial void PrepareFailed(ILogger logger, string path, Exception error);

    [LoggerMessage(1107, LogLevel.Debug, "The end of {Path} could not be given back to the file system.")]
    public static partial void TruncateFailed(ILogger logger, string path, Exception error);
}
