namespace Skerry.Server.Gateway;

/// <summary>The log entries of the gateway, ids 7100 to 7199.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(7101, LogLevel.Error, "Gateway request {Method} {Path} failed")]
    public static partial void RequestFailed(this ILogger logger, Exception exception, string method, string path);
}
