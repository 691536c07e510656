using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Requests;

/// <summary>Which page of a list a request wants, with the public API's defaults.</summary>
/// <param name="Page">From 1.</param>
/// <param name="PerPage">How many entries a page has.</param>
internal readonly record struct Paging(int Page, int PerPage)
{
    private const int PageMax = 1_000_000;
    private const int PerPageDefault = 20;
    private const int PerPageMin = 5;
    private const int PerPageMax = 50;

    /// <summary>How many entries come before it.</summary>
    public int Skip => (Page - 1) * PerPage;

    /// <summary>Reads <c>page</c> and <c>per_page</c>.</summary>
    /// <exception cref="RequestException">One of them is not accepted.</exception>
    public static Paging Of(HttpContext http, int perPageMax = PerPageMax) =>
        new(Query.Whole(http, "page", 1, 1, PageMax), Query.Whole(http, "per_page", PerPageDefault, PerPageMin, perPageMax));

    /// <summary>What an answer says of it.</summary>
    public ResultInfo Info(int count, long total) => new()
    {
        Count = count,
        Page = Page,
        PerPage = PerPage,
        TotalCount = (int)total,
        TotalPages = (int)((total + PerPage - 1) / PerPage),
    };
}
