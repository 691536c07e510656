namespace Skerry.Objects;

/// <summary>
/// How a write is treated. The field's <c>allowConcurrency</c> and <c>noCache</c> have no counterpart: no storage call
/// lets another event in, and there is no cache beside SQLite's own.
/// </summary>
public sealed record KvWriteOptions
{
    /// <summary>
    /// What leaves the object does not wait for this write to be confirmed. If it cannot be, the object is reset all the
    /// same. Default false.
    /// </summary>
    public bool AllowUnconfirmed { get; init; }
}
