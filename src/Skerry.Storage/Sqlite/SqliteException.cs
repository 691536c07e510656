namespace Skerry.Storage.Sqlite;

/// <summary>SQLite refused a statement, or failed at it.</summary>
public sealed class SqliteException : Exception
{
    internal SqliteException(int code, string message, int offset = -1, bool databaseLost = false, Exception? inner = null)
        : base(message, inner)
    {
        ExtendedCode = code;
        Offset = offset;
        DatabaseLost = databaseLost;
    }

    /// <summary>SQLite's extended result code; see https://sqlite.org/rescode.html.</summary>
    public int ExtendedCode { get; }

    /// <summary>SQLite's primary result code: the low byte.</summary>
    public int Code => ExtendedCode & 0xff;

    /// <summary>True for a violated UNIQUE, NOT NULL, CHECK, FOREIGN KEY or PRIMARY KEY.</summary>
    public bool IsConstraint => Code == SqliteNative.Constraint;

    /// <summary>The byte of the SQL text at which the error is, from 0; -1 if there is none.</summary>
    public int Offset { get; }

    /// <summary>
    /// True if SQLite rolled the whole transaction back by itself (an I/O error, a full disk, no memory). Code that
    /// wrote before believes in a state that is gone, so the object must be dropped.
    /// </summary>
    public bool DatabaseLost { get; }
}
