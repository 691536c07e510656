namespace Skerry.Storage.Sqlite;

/// <summary>What a token of SQL text is, as far as it matters here.</summary>
internal enum SqlTokenKind
{
    Blank,
    Word,
    Quoted,
    Text,
    Parameter,
    Number,
    Symbol,
}

/// <summary>One token: its kind and the bytes it covers.</summary>
internal readonly record struct SqlToken(SqlTokenKind Kind, int Start, int Length)
{
    public int End => Start + Length;

    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> sql) => sql.Slice(Start, Length);

    /// <summary>True for a bare word, in any case.</summary>
    public bool Is(ReadOnlySpan<byte> sql, ReadOnlySpan<byte> word) =>
        Kind is SqlTokenKind.Word or SqlTokenKind.Symbol && System.Text.Ascii.EqualsIgnoreCase(Of(sql), word);
}

/// <summary>Splits SQL text as https://sqlite.org/lang_expr.html and tokenize.c do: enough to find names, keywords and ends.</summary>
internal static class SqlTokens
{
    /// <summary>True for a name that users may not touch.</summary>
    public static bool IsHiddenName(ReadOnlySpan<char> name) => name.StartsWith("_cf_", StringComparison.OrdinalIgnoreCase);

    /// <summary>True if there is nothing but white space, comments and semicolons.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> sql)
    {
        for (var at = 0; at < sql.Length;)
        {
            var token = Next(sql, at);
            if (token.Kind != SqlTokenKind.Blank && !token.Is(sql, ";"u8))
            {
                return false;
            }

            at = token.End;
        }

        return true;
    }

    /// <summary>
    /// Refuses what the authorizer is not shown. That is the new name in <c>ALTER TABLE … RENAME TO</c>: in an ALTER
    /// statement no name and no text may begin with <c>_cf_</c>. And it is the functions in a column's DEFAULT.
    /// </summary>
    public static void CheckAllowed(ReadOnlySpan<byte> sql)
    {
        var altering = false;
        var first = true;
        var previous = default(SqlToken);
        for (var at = 0; at < sql.Length;)
        {
            var token = Next(sql, at);
            at = token.End;
            if (token.Kind == SqlTokenKind.Blank || (first && token.Is(sql, ";"u8)))
            {
                continue;
            }

            if (first)
            {
                first = false;
                altering = token.Is(sql, "alter"u8);
                if (!altering && !token.Is(sql, "create"u8))
                {
                    return;
                }
            }
            else if (token.Is(sql, ";"u8))
            {
                return;
            }
            else if (token.Is(sql, "("u8) && IsIntrospection(Name(sql, previous)))
            {
                throw new SqliteException(23, $"The function {Name(sql, previous)} is not allowed.", previous.Start);
            }
            else if (altering && token.Kind is (SqlTokenKind.Word or SqlTokenKind.Quoted or SqlTokenKind.Text)
                && IsHiddenName(Name(sql, token)))
            {
                throw new SqliteException(23, "Names that begin with _cf_ are not allowed: they are the runtime's own.", token.Start);
            }

            previous = token;
        }
    }

    private static string Name(ReadOnlySpan<byte> sql, SqlToken token) =>
        System.Text.Encoding.UTF8.GetString(token.Of(sql)).Trim('"', '\'', '`', '[', ']');

    private static bool IsIntrospection(string name) =>
        name.StartsWith("sqlite_", StringComparison.OrdinalIgnoreCase)
        || name.ToUpperInvariant() is "LOAD_EXTENSION" or "FTS3_TOKENIZER" or "FTS5_SOURCE_ID" or "RTREECHECK";

    /// <summary>The token at a byte of the text, which must not be its end.</summary>
    public static SqlToken Next(ReadOnlySpan<byte> sql, int at)
    {
        var c = sql[at];
        var rest = sql[at..];
        switch (c)
        {
            case (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f':
                // A vertical tab is white space to SQLite, though none can begin with it.
                var blanks = rest.IndexOfAnyExcept(" \t\n\r\f\v"u8);
                return new SqlToken(SqlTokenKind.Blank, at, blanks < 0 ? rest.Length : blanks);
            case 0xef when rest.StartsWith("\uFEFF"u8):
                return new SqlToken(SqlTokenKind.Blank, at, 3);
            case (byte)'-' when rest.Length > 1 && rest[1] == '-':
                var line = rest.IndexOf((byte)'\n');
                return new SqlToken(SqlTokenKind.Blank, at, line < 0 ? rest.Length : line + 1);
            case (byte)'/' when rest.Length > 1 && rest[1] == '*':
                var end = rest[2..].IndexOf("*/"u8);
                return new SqlToken(SqlTokenKind.Blank, at, end < 0 ? rest.Length : end + 4);
            case (byte)'\'':
                return new SqlToken(SqlTokenKind.Text, at, QuotedLength(rest, (byte)'\''));
            case (byte)'"' or (byte)'`':
                return new SqlToken(SqlTokenKind.Quoted, at, QuotedLength(rest, c));
            case (byte)'[':
                var close = rest.IndexOf((byte)']');
                return new SqlToken(SqlTokenKind.Quoted, at, close < 0 ? rest.Length : close + 1);
            case (byte)'x' or (byte)'X' when rest.Length > 1 && rest[1] == '\'':
                return new SqlToken(SqlTokenKind.Text, at, 1 + QuotedLength(rest[1..], (byte)'\''));
            case (byte)'?':
                var digits = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
                return new SqlToken(SqlTokenKind.Parameter, at, digits < 0 ? rest.Length : 1 + digits);
            case (byte)'@' or (byte)':' or (byte)'$' or (byte)'#':
                return new SqlToken(SqlTokenKind.Parameter, at, 1 + ParameterLength(rest[1..]));
            case >= (byte)'0' and <= (byte)'9':
                return new SqlToken(SqlTokenKind.Number, at, WordLength(rest));
            default:
                var word = WordLength(rest);
                return word > 0 ? new SqlToken(SqlTokenKind.Word, at, word) : new SqlToken(SqlTokenKind.Symbol, at, 1);
        }
    }

    private static int QuotedLength(ReadOnlySpan<byte> sql, byte quote)
    {
        for (var i = 1; i < sql.Length; i++)
        {
            if (sql[i] != quote)
            {
                continue;
            }

            if (i + 1 < sql.Length && sql[i + 1] == quote)
            {
                i++;
                continue;
            }

            return i + 1;
        }

        return sql.Length;
    }

    // A name may go on with ::name, and end with (…), as in Tcl.
    private static int ParameterLength(ReadOnlySpan<byte> sql)
    {
        var length = WordLength(sql);
        while (sql[length..].StartsWith("::"u8))
        {
            length += 2 + WordLength(sql[(length + 2)..]);
        }

        if (length > 0 && length < sql.Length && sql[length] == '(')
        {
            var end = sql[length..].IndexOfAny(") \t\n\r\f\v"u8);
            length = end < 0 ? sql.Length : sql[length + end] == ')' ? length + end + 1 : length;
        }

        return length;
    }

    private static int WordLength(ReadOnlySpan<byte> sql)
    {
        var length = 0;
        while (length < sql.Length
            && (char.IsAsciiLetterOrDigit((char)sql[length]) || sql[length] is (byte)'_' or (byte)'$' or >= 0x80))
        {
            length++;
        }

        return length;
    }
}
