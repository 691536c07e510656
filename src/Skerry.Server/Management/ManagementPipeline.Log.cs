namespace Skerry.Server.Management;

/// <summary>The log entries of the management API, ids 7000 to 7099.</summary>
internal static partial class ManagementLog
{
    [LoggerMessage(7001, LogLevel.Error, "Management request {Method} {Path} failed")]
    public static partial void RequestFailed(this ILogger logger, Exception exception, string method, string path);
}
