using Microsoft.AspNetCore.Http;
using Skerry.Objects.Activation;
using Skerry.Objects.Loop;

namespace Skerry.Objects.History;

/// <summary>Marks a request as one for a state of the object's database, which the runtime answers instead of the object's code.</summary>
/// <param name="bookmark">The state's bookmark; one that can be had.</param>
internal sealed class ExportRequest(string bookmark)
{
    private const int PieceBytes = 256 << 10;

    /// <summary>See the constructor.</summary>
    public string Bookmark => bookmark;

    /// <summary>Writes the file beside the databases, and then into the response. On the object's loop.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var active = (ActiveObject)TurnContext.Current!.Loop.Owner;
        using var place = active.Runtime.Exports.Begin();
        await active.Database.ExportAsync(bookmark, place.Path);
        await using var file = new FileStream(place.Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
        context.Response.ContentType = "application/vnd.sqlite3";
        context.Response.ContentLength = file.Length;
        context.Response.Headers["Skerry-Bookmark"] = bookmark;
        await file.CopyToAsync(context.Response.Body, PieceBytes, context.RequestAborted);
    }
}
