namespace Skerry.Server.Management.SignIn;

/// <summary>The log entries of signing in.</summary>
internal static partial class SignInLog
{
    [LoggerMessage(7010, LogLevel.Warning, "Request {RequestId}: sign-in by OpenID Connect failed: {Problem}")]
    public static partial void OidcFailed(this ILogger logger, Exception? exception, string requestId, string problem);

    [LoggerMessage(7011, LogLevel.Information, "Request {RequestId}: sign-in by OpenID Connect was refused: {Problem}")]
    public static partial void OidcRefused(this ILogger logger, string requestId, string problem);
}
