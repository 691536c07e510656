using System.Text;

namespace Skerry.Storage.Sqlite;

/// <summary>
/// Gives UPDATE and DELETE the ORDER BY and LIMIT that the stock library is built without, as
/// https://sqlite.org/lang_delete.html describes them: the rows are chosen by a subquery over the table's key.
/// <c>DELETE FROM t WHERE w ORDER BY o LIMIT n</c> becomes
/// <c>DELETE FROM t WHERE rowid IN (SELECT rowid FROM main.t WHERE w ORDER BY o LIMIT n)</c>; the schema is named lest a
/// common table expression of that name be meant.
/// </summary>
/// <remarks>RETURNING stands before ORDER BY in SQLite's grammar, so anonymous parameters are numbered before anything moves.</remarks>
internal static class SqlLimitRewriter
{
    /// <summary>Rewrites the first statement of a text; false if it is none of these.</summary>
    /// <param name="database">Knows the keys of its tables.</param>
    /// <param name="text">The text.</param>
    /// <param name="rewritten">The statement to prepare instead.</param>
    /// <param name="length">The bytes of the text that the statement takes, its semicolon included.</param>
    public static bool TryRewrite(SqliteDatabase database, ReadOnlySpan<byte> text, out byte[] rewritten, out int length)
    {
        rewritten = [];
        length = 0;
        var sql = text.ToArray();
        var tokens = TopLevel(sql, out length);
        var start = tokens.FindIndex(t => t.Token.Kind != SqlTokenKind.Blank);
        if (start < 0)
        {
            return false;
        }

        // A WITH clause stays where it is, in front.
        var verb = tokens.FindIndex(start, t => t.Depth == 0 && (Is(t, sql, "update"u8) || Is(t, sql, "delete"u8)));
        if (verb < 0 || (verb != start && !Is(tokens[start], sql, "with"u8)))
        {
            return false;
        }

        var limit = tokens.FindIndex(verb, t => t.Depth == 0 && Is(t, sql, "limit"u8));
        if (limit < 0)
        {
            return false;
        }

        var order = tokens.FindIndex(verb, t => t.Depth == 0 && Is(t, sql, "order"u8));
        var tailStart = order >= 0 && order < limit ? order : limit;
        var where = tokens.FindIndex(verb, tailStart - verb, t => t.Depth == 0 && Is(t, sql, "where"u8));
        var returning = tokens.FindIndex(verb, tailStart - verb, t => t.Depth == 0 && Is(t, sql, "returning"u8));
        // UPDATE … FROM has several sources: which of their rows LIMIT counts is not for a subquery over one to say.
        if (!TryTable(tokens, sql, verb, out var table, out var source)
            || (Is(tokens[verb], sql, "update"u8) && tokens.FindIndex(verb, tailStart - verb, t => t.Depth == 0 && Is(t, sql, "from"u8)) >= 0))
        {
            return false;
        }

        var pieces = Numbered(tokens, sql);
        var conditionEnd = returning >= 0 ? returning : tailStart;
        var head = pieces.Between(0, where >= 0 ? where : conditionEnd);
        var condition = where >= 0 ? pieces.Between(where, conditionEnd) : "";
        var outcome = returning >= 0 ? pieces.Between(returning, tailStart) : "";
        var tail = pieces.Between(tailStart, tokens.Count);
        var keys = database.RowKey(table);
        if (keys.Count == 0)
        {
            return false;
        }

        var key = string.Join(", ", keys);
        var tuple = keys.Count > 1 ? $"({key})" : key;
        rewritten = Encoding.UTF8.GetBytes($"{head} WHERE {tuple} IN (SELECT {key} FROM {source} {condition} {tail}) {outcome}");
        return true;
    }

    private static bool Is((SqlToken Token, int Depth) token, byte[] sql, ReadOnlySpan<byte> word) => token.Token.Is(sql, word);

    /// <summary>The tokens of the first statement with the depth of parentheses around them.</summary>
    private static List<(SqlToken Token, int Depth)> TopLevel(ReadOnlySpan<byte> sql, out int length)
    {
        List<(SqlToken, int)> tokens = [];
        var depth = 0;
        var at = 0;
        while (at < sql.Length)
        {
            var token = SqlTokens.Next(sql, at);
            at = token.End;
            if (token.Is(sql, ")"u8))
            {
                depth--;
            }

            if (depth == 0 && token.Is(sql, ";"u8))
            {
                break;
            }

            tokens.Add((token, depth));
            if (token.Is(sql, "("u8))
            {
                depth++;
            }
        }

        length = at;
        return tokens;
    }

    // UPDATE [OR x] [schema.]table [AS alias] | DELETE FROM [schema.]table [AS alias]
    private static bool TryTable(List<(SqlToken Token, int Depth)> tokens, ReadOnlySpan<byte> sql, int verb, out string table, out string source)
    {
        table = source = "";
        var names = new List<SqlToken>();
        for (var i = verb + 1; i < tokens.Count; i++)
        {
            var (token, _) = tokens[i];
            if (token.Kind == SqlTokenKind.Blank || (names.Count == 0 && token.Is(sql, "from"u8)))
            {
                continue;
            }

            if (names.Count == 0 && token.Is(sql, "or"u8))
            {
                i = NextWord(tokens, i);
                continue;
            }

            if (token.Is(sql, "set"u8) || token.Is(sql, "where"u8) || token.Is(sql, "order"u8) || token.Is(sql, "limit"u8)
                || token.Is(sql, "returning"u8))
            {
                break;
            }

            names.Add(token);
        }

        if (names.Count == 0)
        {
            return false;
        }

        // [schema .] table [AS] [alias] – INDEXED BY and the like are left to SQLite's own error.
        var named = names.Count > 2 && names[1].Is(sql, "."u8) ? 2 : 0;
        table = Unquoted(names[named].Of(sql));
        source = named == 0 ? "main." : "";
        foreach (var name in names)
        {
            source += $"{Encoding.UTF8.GetString(name.Of(sql))} ";
        }

        return names.TrueForAll(static n => n.Kind is SqlTokenKind.Word or SqlTokenKind.Quoted or SqlTokenKind.Symbol);
    }

    private static int NextWord(List<(SqlToken Token, int Depth)> tokens, int i)
    {
        do
        {
            i++;
        }
        while (i < tokens.Count && tokens[i].Token.Kind == SqlTokenKind.Blank);

        return i;
    }

    private static string Unquoted(ReadOnlySpan<byte> name)
    {
        var text = Encoding.UTF8.GetString(name);
        return text[0] switch
        {
            '"' => text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal),
            '`' => text[1..^1].Replace("``", "`", StringComparison.Ordinal),
            '[' => text[1..^1],
            _ => text,
        };
    }

    private static Pieces Numbered(List<(SqlToken Token, int Depth)> tokens, ReadOnlySpan<byte> sql)
    {
        var pieces = new List<string>(tokens.Count);
        var highest = 0;
        var named = new HashSet<string>();
        foreach (var (token, _) in tokens)
        {
            var text = Encoding.UTF8.GetString(token.Of(sql));
            if (token.Kind == SqlTokenKind.Blank)
            {
                // A line comment would swallow what is put behind it.
                text = " ";
            }
            else if (token.Kind == SqlTokenKind.Parameter)
            {
                if (text == "?")
                {
                    text = $"?{++highest}";
                }
                else if (text[0] == '?' && int.TryParse(text.AsSpan(1), out var number))
                {
                    highest = Math.Max(highest, number);
                }
                else if (named.Add(text))
                {
                    highest++;
                }
            }

            pieces.Add(text);
        }

        return new Pieces(pieces);
    }

    private readonly record struct Pieces(List<string> Texts)
    {
        public string Between(int from, int to) => string.Concat(Texts.Take(to).Skip(from));
    }
}
