using Acceptance.Repository;
using Microsoft.Playwright;

namespace Acceptance.SeatMap;

/// <summary>Pictures of pages, for people and for the documentation.</summary>
internal static class Screenshots
{
    /// <summary>Takes a picture. The documentation's own change only when that is asked for; no two runs give the same bytes.</summary>
    public static Task TakeAsync(IPage page, string name)
    {
        string[] folder = Environment.GetEnvironmentVariable("UPDATE_IMAGES") == "1" ? ["docs", "images"] : ["artifacts", "images"];
        return page.ScreenshotAsync(new() { Path = Path.Combine([RepositoryRoot.Path, .. folder, name]) });
    }
}
