namespace Skerry.Objects;

/// <summary>A point in an object's history: exactly one of both is not null.</summary>
/// <param name="Bookmark">What <see cref="ObjectStorage.GetCurrentBookmark"/> and the history show.</param>
/// <param name="Time">The newest state at or before it.</param>
public sealed record PointInTime(string? Bookmark, DateTimeOffset? Time)
{
    /// <summary>A bookmark.</summary>
    public static PointInTime At(string bookmark) => new(bookmark, null);

    /// <summary>A time.</summary>
    public static PointInTime At(DateTimeOffset time) => new(null, time);
}

/// <summary>A part of an object's history.</summary>
/// <param name="Current">The bookmark of the present.</param>
/// <param name="Versions">States that can be restored, newest first.</param>
/// <param name="Next">What to give as <c>before</c> for the next part; null at the end.</param>
public sealed record ObjectVersions(string Current, IReadOnlyList<ObjectVersion> Versions, string? Next);

/// <summary>A state of an object that can be restored.</summary>
/// <param name="Bookmark">Its bookmark.</param>
/// <param name="Time">When it was committed.</param>
/// <param name="Bytes">Bytes of what is kept of it.</param>
/// <param name="KeptIn">Where.</param>
public sealed record ObjectVersion(string Bookmark, DateTimeOffset Time, long Bytes, string KeptIn);

/// <summary>A restore that has taken place.</summary>
/// <param name="From">The bookmark whose state is the present now.</param>
/// <param name="Current">The bookmark of the present, which is a transaction of its own.</param>
/// <param name="Undo">The bookmark that undoes it.</param>
public sealed record ObjectRestored(string From, string Current, string Undo);

/// <summary>What an operator asks of an object's history cannot be had: a bookmark of another object, a time that is not retained.</summary>
public sealed class ObjectHistoryException(string message) : Exception(message);
