using System.Globalization;

namespace Skerry.Bench.Peers;

/// <summary>
/// The tables and queries that SQLite, our objects and PostgreSQL are asked alike: documents with authors, newest
/// first, which is the usual example of an N+1 query.
/// </summary>
internal static class SampleData
{
    /// <summary>Rows in <c>users</c>; ids run from 1.</summary>
    public const int Users = 1_000;

    /// <summary>Rows in <c>documents</c>; ids run from 1.</summary>
    public const int Documents = 10_000;

    /// <summary>Rows in the list, so that N+1 is 101 queries.</summary>
    public const int Listed = 100;

    /// <summary>The tables, in words that SQLite and PostgreSQL both take.</summary>
    public const string Schema = """
        CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);
        CREATE TABLE documents (id BIGINT NOT NULL PRIMARY KEY, title TEXT NOT NULL, author_id BIGINT NOT NULL, modified BIGINT NOT NULL);
        CREATE INDEX documents_by_modified ON documents (modified);
        """;

    /// <summary><see cref="Schema"/> for SQLite, where only INTEGER PRIMARY KEY is the row id itself.</summary>
    public static readonly string SqliteSchema = Schema.Replace("BIGINT NOT NULL PRIMARY KEY", "INTEGER PRIMARY KEY", StringComparison.Ordinal);

    /// <summary>One row by primary key. PostgreSQL's parameter is called <c>$1</c>.</summary>
    public const string SelectUser = "SELECT id, name FROM users WHERE id = ?";

    /// <summary>The one query of N+1.</summary>
    public const string ListDocuments = "SELECT title, author_id FROM documents ORDER BY modified DESC LIMIT 100";

    /// <summary>The N queries of N+1.</summary>
    public const string SelectUserName = "SELECT name FROM users WHERE id = ?";

    /// <summary>The same answer in one query.</summary>
    public const string JoinDocuments =
        "SELECT documents.title, users.name FROM documents JOIN users ON users.id = documents.author_id ORDER BY documents.modified DESC LIMIT 100";

    /// <summary>The statements that fill the tables, a few hundred rows each.</summary>
    public static IEnumerable<string> Inserts()
    {
        foreach (var ids in Enumerable.Range(1, Users).Chunk(500))
        {
            yield return "INSERT INTO users (id, name, email) VALUES " + string.Join(',', ids.Select(id =>
                string.Create(CultureInfo.InvariantCulture, $"({id},'Passenger {id}','passenger{id}@example.org')")));
        }

        foreach (var ids in Enumerable.Range(1, Documents).Chunk(500))
        {
            yield return "INSERT INTO documents (id, title, author_id, modified) VALUES " + string.Join(',', ids.Select(id =>
                string.Create(CultureInfo.InvariantCulture, $"({id},'Document number {id}',{AuthorOf(id)},{1_700_000_000_000 + (id * 977L)})")));
        }
    }

    /// <summary>An id of a user that looks random but is the same in every run.</summary>
    public static int UserAt(int turn) => (int)((uint)turn * 2_654_435_761u % Users) + 1;

    private static int AuthorOf(int document) => UserAt(document * 31);
}
