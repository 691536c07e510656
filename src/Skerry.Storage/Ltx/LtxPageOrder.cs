namespace Skerry.Storage.Ltx;

/// <summary>Which page may follow which in a file; the same for writers and readers.</summary>
internal static class LtxPageOrder
{
    /// <summary>Null, or why <paramref name="page"/> cannot follow <paramref name="last"/> (0 for none).</summary>
    public static string? Check(in LtxHeader header, uint last, uint page)
    {
        if (page <= last)
        {
            return page == 0 ? "pages are numbered from 1" : $"pages ascend, and {last} is before it";
        }

        if (page > header.Commit)
        {
            return $"the database ends at page {header.Commit}";
        }

        if (page == header.LockPage)
        {
            return "it is the lock page, which no file contains";
        }

        return header.IsSnapshot && page != Next(header, last)
            ? $"a snapshot has every page, and {Next(header, last)} is next"
            : null;
    }

    /// <summary>Null, or why <paramref name="last"/> (0 for none) cannot be the last page.</summary>
    public static string? CheckEnd(in LtxHeader header, uint last) =>
        header.IsSnapshot && last != header.LastPage
            ? $"a snapshot of {header.Commit} pages ends after page {last}"
            : null;

    private static uint Next(in LtxHeader header, uint last) => last + 1 == header.LockPage ? last + 2 : last + 1;
}
