using System.Runtime.InteropServices;

namespace Skerry.Server.Tests.Commands;

/// <summary>Reads a file as any program would that knows SQLite and nothing of Skerry.</summary>
internal static partial class PlainSqlite
{
    private const string Library = "e_sqlite3";
    private const int ReadOnly = 1;
    private const int Row = 100;

    /// <summary>The first column of the first row, as a number.</summary>
    public static long Number(string file, string sql)
    {
        Assert.Equal(0, Open(file, out var database, ReadOnly, 0));
        try
        {
            Assert.Equal(0, Prepare(database, sql, -1, out var statement, 0));
            try
            {
                Assert.Equal(Row, Step(statement));
                return ColumnInt64(statement, 0);
            }
            finally
            {
                _ = Finish(statement);
            }
        }
        finally
        {
            _ = Close(database);
        }
    }

    [LibraryImport(Library, EntryPoint = "sqlite3_open_v2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string file, out nint database, int flags, nint vfs);

    [LibraryImport(Library, EntryPoint = "sqlite3_prepare_v2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Prepare(nint database, string sql, int bytes, out nint statement, nint tail);

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    private static partial int Step(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64")]
    private static partial long ColumnInt64(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_finalize")]
    private static partial int Finish(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_close")]
    private static partial int Close(nint database);
}
