namespace Skerry.Objects;

/// <summary>SQLite's storage classes; see https://sqlite.org/datatype3.html.</summary>
public enum SqlType
{
    /// <summary>NULL.</summary>
    Null = 0,

    /// <summary>A 64-bit integer.</summary>
    Integer = 1,

    /// <summary>A 64-bit floating-point number.</summary>
    Real = 2,

    /// <summary>A text.</summary>
    Text = 3,

    /// <summary>Bytes.</summary>
    Blob = 4,
}
