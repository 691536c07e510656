namespace Skerry.Storage.Sqlite;

/// <summary>What statements of users may use. The defaults are those of the field.</summary>
public sealed record SqliteLimits
{
    /// <summary>Columns of a table, an index or a result. Default 100; at most 2,000.</summary>
    public int Columns { get; init; } = 100;

    /// <summary>Bound parameters of a statement. Default 100, which is what users most often raise; at most 32,766.</summary>
    public int BoundParameters { get; init; } = 100;

    /// <summary>Bytes of SQL text. Default 100,000.</summary>
    public int SqlBytes { get; init; } = 100_000;

    /// <summary>Bytes of a LIKE or GLOB pattern. Default 50.</summary>
    public int LikePatternBytes { get; init; } = 50;

    /// <summary>Depth of an expression. Default 100.</summary>
    public int ExpressionDepth { get; init; } = 100;

    /// <summary>Terms of a compound SELECT. Default 5.</summary>
    public int CompoundSelect { get; init; } = 5;

    /// <summary>Depth of triggers. Default 10.</summary>
    public int TriggerDepth { get; init; } = 10;

    /// <summary>
    /// Bytes of one value, or of one row; 4 KiB more are let through, so that a value of this size has room for its key.
    /// Default 2 MB (2,097,152). Keys and values of <c>Kv</c> are rows too.
    /// </summary>
    public int ValueBytes { get; init; } = 2 << 20;

    /// <summary>Bytes of SQL text whose prepared statements are kept. Default 1 MiB.</summary>
    public int StatementCacheBytes { get; init; } = 1 << 20;

    /// <summary>Cursors that may be open at once; beyond that the oldest is closed. Default 100.</summary>
    public int OpenCursors { get; init; } = 100;
}
