using System.Text.Encodings.Web;
using System.Text.Json;

namespace Skerry.Server.Gateway;

/// <summary>Errors of the gateway itself: <c>{ "errors": [{ "code", "message" }] }</c>.</summary>
internal static class GatewayErrors
{
    // The answers are JSON and never part of a page, so quotes stay as people write them.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one error.</summary>
    public static async Task Write(HttpContext http, int status, string code, string message)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter, Readable);
        json.WriteStartObject();
        json.WriteStartArray("errors"u8);
        json.WriteStartObject();
        json.WriteString("code"u8, code);
        json.WriteString("message"u8, message);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
