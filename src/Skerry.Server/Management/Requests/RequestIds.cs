using System.Security.Cryptography;

namespace Skerry.Server.Management.Requests;

/// <summary>Gives each request an id, which its answer carries in <c>X-Request-Id</c> and the audit log with what it changed.</summary>
internal sealed class RequestIds(RandomNumberGenerator random)
{
    /// <summary>The answer's header.</summary>
    public const string Header = "X-Request-Id";

    /// <summary>The middleware.</summary>
    public Task Invoke(HttpContext http, RequestDelegate next)
    {
        // Not the client's own: two requests must not have one id because a client says so.
        http.TraceIdentifier = random.NewId();
        http.Response.Headers[Header] = http.TraceIdentifier;
        return next(http);
    }
}

/// <summary>Finds a request's id.</summary>
internal static class RequestIdExtensions
{
    /// <summary>32 hexadecimal digits.</summary>
    public static string RequestId(this HttpContext http) => http.TraceIdentifier;
}
