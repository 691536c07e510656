using System.Text.Json.Serialization.Metadata;

namespace Skerry.Server.Management.Api;

/// <summary>Writes enveloped answers.</summary>
internal static class EnvelopeResponse
{
    /// <summary>Writes a success.</summary>
    public static Task Success<T>(
        HttpContext http, JsonTypeInfo<Envelope<T>> type, T result, ResultInfo? info = null, params IReadOnlyList<ApiMessage> messages) =>
        http.Response.WriteAsJsonAsync(new Envelope<T>(result, true, [], messages, info), type, null, http.RequestAborted);

    /// <summary>Writes an error with the given HTTP status.</summary>
    public static Task Error(HttpContext http, int status, int code, string message) => Errors(http, status, [new(code, message)]);

    /// <summary>Writes errors with the given HTTP status.</summary>
    public static Task Errors(HttpContext http, int status, IReadOnlyList<ApiMessage> errors)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(
            new Envelope<object>(null, false, errors, []), ManagementJson.Readable.EnvelopeObject, null, http.RequestAborted);
    }
}
