using System.Globalization;
using Skerry.Storage;

namespace Skerry.Objects;

/// <summary>
/// A point in an object's history: the state after one transaction. Its text sorts in the order of time: sixteen
/// hexadecimal digits of the transaction, and eight of the object's id, by which a foreign bookmark is refused.
/// </summary>
internal readonly record struct Bookmark(ulong Transaction, Id256 Id)
{
    public override string ToString() =>
        $"{Transaction.ToString("x16", CultureInfo.InvariantCulture)}-{Convert.ToHexStringLower(Id.Bytes[^4..])}";

    /// <exception cref="ArgumentException">Not a bookmark of <paramref name="id"/>.</exception>
    public static Bookmark Parse(string text, Id256 id)
    {
        if (text.Length != 25 || text[16] != '-'
            || !ulong.TryParse(text.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var transaction))
        {
            throw new ArgumentException($"'{text}' is not a bookmark. A bookmark is the 25 characters that GetCurrentBookmark or GetBookmarkForTime return.", nameof(text));
        }

        var bookmark = new Bookmark(transaction, id);
        return bookmark.ToString() == text
            ? bookmark
            : throw new ArgumentException($"The bookmark '{text}' belongs to another object.", nameof(text));
    }
}
