using System.Globalization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Requests;

/// <summary>Versions of things as entity tags (RFC 9110): a client changes only what it has seen.</summary>
internal static class VersionTag
{
    /// <summary>Says which version the answer shows.</summary>
    public static void Set(HttpContext http, long version) => http.Response.Headers.ETag = Of(version);

    /// <summary>Sets the tag, and answers 304 if the client has this version already.</summary>
    public static bool IsUnchanged(HttpContext http, long version)
    {
        Set(http, version);
        if (!Names(http.Request.Headers.IfNoneMatch, version, weakly: true))
        {
            return false;
        }

        http.Response.StatusCode = StatusCodes.Status304NotModified;
        return true;
    }

    /// <summary>Whether the request names a version in <c>If-Match</c>.</summary>
    public static bool IsNamed(HttpContext http) => http.Request.Headers.IfMatch.Count > 0;

    /// <summary>Refuses the request if it names other versions only.</summary>
    /// <exception cref="RequestException">It does.</exception>
    public static void Require(HttpContext http, long version)
    {
        if (IsNamed(http) && !Names(http.Request.Headers.IfMatch, version, weakly: false))
        {
            throw new RequestException(
                StatusCodes.Status412PreconditionFailed, ErrorCodes.Changed, $"If-Match: it was changed; it is {Of(version)} now. Read it again, and then decide again.");
        }
    }

    private static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    private static bool Names(StringValues header, long version, bool weakly)
    {
        var own = new EntityTagHeaderValue(Of(version));
        return EntityTagHeaderValue.TryParseList([.. header.OfType<string>()], out var tags)
            && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(own, useStrongComparison: !weakly));
    }
}
