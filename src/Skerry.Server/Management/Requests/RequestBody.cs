using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Requests;

/// <summary>
/// Reads JSON bodies. How deep they may be is in <see cref="ManagementJson"/>. Whether the request is still allowed is asked
/// when the body is there.
/// </summary>
internal static class RequestBody
{
    /// <summary>The largest body that is read, in bytes.</summary>
    public const int BytesMax = 256 * 1024;

    private const int PartBytes = 4096;

    // Slower than any line that people work over.
    private static readonly MinDataRate SlowestLine = new(bytesPerSecond: 4096, gracePeriod: TimeSpan.FromSeconds(5));

    /// <summary>Reads the body.</summary>
    /// <exception cref="RequestException">It is too large, or is not what is accepted.</exception>
    public static async ValueTask<T> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type)
        where T : class
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = SlowestLine;
        }

        // It grows with what comes: a length that is only announced takes no memory.
        var body = new ArrayBufferWriter<byte>();
        int read;
        do
        {
            read = http.Request.ContentLength > BytesMax ? 0 : await http.Request.Body.ReadAsync(body.GetMemory(PartBytes), http.RequestAborted);
            body.Advance(read);
        }
        while (read > 0 && body.WrittenCount <= BytesMax);

        if (body.WrittenCount > BytesMax || http.Request.ContentLength > BytesMax)
        {
            throw new RequestException(StatusCodes.Status413PayloadTooLarge, ErrorCodes.BodyTooLarge, $"The body is larger than the {BytesMax} bytes that are accepted here.");
        }

        if (http.Features.Get<RequestGuard>() is { } guard)
        {
            await guard.Ask();
        }

        try
        {
            return JsonSerializer.Deserialize(body.WrittenSpan, type) ?? throw Malformed("it is null", null);
        }
        catch (JsonException e)
        {
            throw Malformed(Problem(e), e.Path);
        }
    }

    private static RequestException Malformed(string problem, string? path) => new(
        StatusCodes.Status400BadRequest, [new(ErrorCodes.InvalidBody, $"The body is not accepted: {problem}.", path is null ? null : ErrorSource.OfPath(path))]);

    // The serializer's own words name types of ours.
    private static string Problem(JsonException e) =>
        e.Path is { Length: > 1 } path ? $"{path[2..]}: it is missing, nested too deeply, or not of the kind that the API's document says (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})"
        : e.LineNumber is { } line ? $"it is no JSON object, or nested too deeply (line {line + 1}, byte {e.BytePositionInLine + 1})"
        : "it lacks a field that is required";
}
