using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Skerry.Objects;
using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Objects;

/// <summary>One object's past: list, restore, export, verify. An object is given by its id, or as <c>name:NAME</c>.</summary>
internal sealed class ObjectRoutes(AccountNamespaces namespaces, ObjectHistory history)
{
    private const string NamePrefix = "name:";
    private const int LimitDefault = 100;
    private const int LimitMax = 1000;

    /// <summary>Adds the routes.</summary>
    public void AddTo(ApiRoutes routes)
    {
        routes.Add("skerry-object-list-history", For(List));
        routes.Add("skerry-object-restore", For(Restore));
        routes.Add("skerry-object-export", For(Export));
        routes.Add("skerry-object-verify", For(Verify));
    }

    private RequestDelegate For(Func<HttpContext, DurableObjectId, Task> answer) => async http =>
    {
        var name = await namespaces.FindAsync(http);
        try
        {
            // The route's own value leaves an escaped slash as it is, and then nobody knows whether it was one.
            var which = Uri.UnescapeDataString(http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0].TrimEnd('/').Split('/')[^2]);
            var isName = which.StartsWith(NamePrefix, StringComparison.Ordinal);
            await answer(http, history.Find(name, isName ? null : which, isName ? which[NamePrefix.Length..] : null));
        }
        catch (Exception e) when (!http.Response.HasStarted && e is ObjectHistoryException or ArgumentException or FormatException)
        {
            await EnvelopeResponse.Error(http, StatusCodes.Status400BadRequest, ErrorCodes.InvalidParameter, MessageOf(e));
        }
    };

    private async Task List(HttpContext http, DurableObjectId id)
    {
        var limit = Query.Whole(http, "limit", LimitDefault, 1, LimitMax);
        var cursor = http.Request.Query["cursor"].ToString();
        var found = await history.ListAsync(id, cursor.Length == 0 ? null : cursor, limit);
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeHistoryResult,
            new(id.ToString(), found.Current, [.. found.Versions.Select(static one => new VersionResult(one.Bookmark, one.Time, one.Bytes, one.KeptIn))]),
            new() { Count = found.Versions.Count, Cursor = found.Next ?? "" });
    }

    private async Task Restore(HttpContext http, DurableObjectId id)
    {
        var request = await RequestBody.ReadAsync(http, ManagementJson.Readable.RestoreRequest);
        if (request.Bookmark is null == request.Time is null)
        {
            throw new FormatException("The body is not accepted; accepted is {\"bookmark\": \"…\"} or {\"time\": \"2026-01-31T12:00:00Z\"}.");
        }

        var restored = await history.RestoreAsync(id, request.Bookmark is { } bookmark ? PointInTime.At(bookmark) : PointInTime.At(ParseTime(request.Time!)));
        await EnvelopeResponse.Success(
            http, ManagementJson.Readable.EnvelopeRestoredResult, new(id.ToString(), restored.From, restored.Current, restored.Undo));
    }

    private async Task Export(HttpContext http, DurableObjectId id)
    {
        var bookmark = http.Request.Query["bookmark"].ToString();
        var time = http.Request.Query["time"].ToString();
        if (bookmark.Length > 0 && time.Length > 0)
        {
            throw new FormatException("bookmark and time are both given; give one of them, or neither for the present.");
        }

        PointInTime? point = bookmark.Length > 0 ? PointInTime.At(bookmark) : time.Length > 0 ? PointInTime.At(ParseTime(time)) : null;
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{id}.sqlite\"";
        try
        {
            await history.ExportAsync(id, point, http);
        }
        catch when (!http.Response.HasStarted)
        {
            http.Response.Headers.ContentDisposition = default;
            throw;
        }
    }

    private async Task Verify(HttpContext http, DurableObjectId id)
    {
        var proof = await history.VerifyAsync(id);
        await EnvelopeResponse.Success(
            http,
            ManagementJson.Readable.EnvelopeProofResult,
            new(id.ToString(), proof.IsWhole, proof.Newest, proof.Records, proof.Bytes, proof.Damage));
    }

    // The parameter is one of a method, of which the caller knows nothing.
    private static string MessageOf(Exception e) => e is ArgumentException { ParamName: { } parameter }
        ? e.Message.Replace($" (Parameter '{parameter}')", "", StringComparison.Ordinal)
        : e.Message;

    private static DateTimeOffset ParseTime(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new FormatException($"time: \"{text}\" is not accepted; accepted is a time such as 2026-01-31T12:00:00Z.");
}
