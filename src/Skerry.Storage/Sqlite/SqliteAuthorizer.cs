using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Skerry.Storage.Sqlite;

/// <summary>
/// Decides, while SQLite compiles a statement, what users may do: nothing with hidden tables (<c>_cf_…</c>), no
/// transactions by hand, no temporary objects, no other files; functions, pragmas and virtual tables by list.
/// See https://sqlite.org/c3ref/c_alter_table.html for the actions.
/// </summary>
internal sealed unsafe class SqliteAuthorizer : IDisposable
{
    private const int Allow = 0;
    private const int Deny = 1;
    private const int Ignore = 2;

    private GCHandle _self;

    /// <summary>True while our own statements are compiled.</summary>
    public bool Trusted { get; set; }

    /// <summary>Why the newest statement was refused; SQLite itself only says that it was.</summary>
    public string? Denial { get; set; }

    /// <summary>True if the newest statement changes the schema: what others know of their columns is then out of date.</summary>
    public bool ChangesSchema { get; set; }

    /// <summary>
    /// True if the newest statement is PRAGMA optimize, which may write, though sqlite3_stmt_readonly says that it does not.
    /// </summary>
    public bool Optimizes { get; set; }

    /// <summary>Puts itself between the connection and its users.</summary>
    public void Install(nint database)
    {
        _self = GCHandle.Alloc(this);
        _ = SqliteNative.SetAuthorizer(database, &Callback, GCHandle.ToIntPtr(_self));
    }

    public void Dispose()
    {
        if (_self.IsAllocated)
        {
            _self.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Callback(nint state, int action, byte* first, byte* second, byte* schema, byte* within)
    {
        var self = Unsafe.As<SqliteAuthorizer>(GCHandle.FromIntPtr(state).Target!);
        if (self.Trusted)
        {
            return Allow;
        }

        var name = SqliteNative.Text(first);
        self.ChangesSchema |= (Action)action is (>= Action.CreateIndex and <= Action.DropView and not Action.Delete)
            or Action.AlterTable or Action.CreateVirtualTable or Action.DropVirtualTable;
        self.Optimizes |= (Action)action == Action.Pragma && name.Equals("optimize", StringComparison.OrdinalIgnoreCase);
        if ((Action)action == Action.Analyze && SqlTokens.IsHiddenName(name))
        {
            // ANALYZE without a name and PRAGMA optimize go through all tables; ours are left out.
            return Ignore;
        }

        var denial = Decide(
            (Action)action, name, second == null ? null : SqliteNative.Text(second), SqliteNative.Text(schema));
        if (denial is null)
        {
            return Allow;
        }

        self.Denial = denial;
        return Deny;
    }

    private static string? Decide(Action action, string first, string? second, string schema)
    {
        // ALTER TABLE looks through the list of temporary objects, which is empty.
        var aboutTemporary = schema.Equals("temp", StringComparison.OrdinalIgnoreCase)
            && !(action is (Action.Read or Action.Update) && first is ("sqlite_temp_master" or "sqlite_temp_schema"));
        if (aboutTemporary
            || action is Action.CreateTempIndex or Action.CreateTempTable or Action.CreateTempTrigger or Action.CreateTempView)
        {
            return "Temporary tables, indexes, views and triggers are not allowed: an object's data lives in its database.";
        }

        switch (action)
        {
            case Action.Transaction or Action.Savepoint:
                return "BEGIN, COMMIT, ROLLBACK and SAVEPOINT are not allowed in SQL. Use Storage.TransactionSync or Storage.Transaction.";
            case Action.Attach or Action.Detach:
                return "ATTACH, DETACH and VACUUM are not allowed: an object has one database.";
            case Action.Function:
                return second is null || Functions.Contains(second) || second.StartsWith("sqlite_rename_", StringComparison.Ordinal)
                    || second.StartsWith("sqlite_drop_", StringComparison.Ordinal) || InternalFunctions.Contains(second)
                    ? null
                    : $"The function {second} is not allowed.";
            case Action.Pragma:
                return Hidden(second) is { } hidden ? hidden : Pragmas.Contains(first) && (second is null || !first.Equals("page_size", StringComparison.OrdinalIgnoreCase))
                    ? null
                    : $"PRAGMA {first}{(second is null ? "" : $" = {second}")} is not allowed. Allowed are: {string.Join(", ", Pragmas.Order(StringComparer.Ordinal))}.";
            case Action.CreateVirtualTable or Action.DropVirtualTable when !Modules.Contains(second ?? ""):
                return $"Virtual tables of {second} are not allowed. Allowed are: fts5, fts5vocab, rtree, rtree_i32.";
            case Action.Select or Action.Recursive:
                return null;
            case Action.AlterTable:
                return Hidden(second);
            case Action.Read:
                // A table-valued function reads a table of its name, and is compiled to a pragma only when it runs.
                return Hidden(first)
                    ?? (first.StartsWith("pragma_", StringComparison.OrdinalIgnoreCase) && !Pragmas.Contains(first["pragma_".Length..])
                        ? $"The function {first} is not allowed."
                        : null);
            case Action.Update:
                return Hidden(first);
            default:
                return Hidden(first) ?? Hidden(second);
        }
    }

    private static string? Hidden(string? name) => name is not null && SqlTokens.IsHiddenName(name)
        ? $"The name {name} is not allowed: names that begin with _cf_ are the runtime's own."
        : null;

    private enum Action
    {
        CreateIndex = 1,
        CreateTable = 2,
        CreateTempIndex = 3,
        CreateTempTable = 4,
        CreateTempTrigger = 5,
        CreateTempView = 6,
        Delete = 9,
        DropView = 17,
        Pragma = 19,
        Read = 20,
        Select = 21,
        Transaction = 22,
        Update = 23,
        Attach = 24,
        Detach = 25,
        AlterTable = 26,
        Analyze = 28,
        CreateVirtualTable = 29,
        DropVirtualTable = 30,
        Function = 31,
        Savepoint = 32,
        Recursive = 33,
    }

    private static readonly FrozenSet<string> Modules =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "fts5", "fts5vocab", "rtree", "rtree_i32");

    private static readonly FrozenSet<string> Pragmas = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "table_list", "table_info", "table_xinfo", "index_list", "index_info", "index_xinfo", "foreign_key_list",
        "foreign_key_check", "foreign_keys", "defer_foreign_keys", "data_version", "page_size", "case_sensitive_like",
        "ignore_check_constraints", "legacy_alter_table", "recursive_triggers", "reverse_unordered_selects", "quick_check",
        "optimize");

    // SQLite calls these in statements of its own (ALTER TABLE); users cannot name them.
    private static readonly FrozenSet<string> InternalFunctions = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "sqlite_fail", "sqlite_add_constraint", "sqlite_find_constraint");

    private static readonly FrozenSet<string> Functions = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        // Scalar.
        "abs", "changes", "char", "coalesce", "concat", "concat_ws", "format", "glob", "hex", "if", "ifnull", "iif", "instr",
        "last_insert_rowid", "length", "like", "likelihood", "likely", "lower", "ltrim", "match", "max", "min", "nullif",
        "octet_length", "printf", "quote", "random", "randomblob", "regexp", "replace", "round", "rtrim", "sign", "soundex",
        "substr", "substring", "total_changes", "trim", "typeof", "unhex", "unicode", "unistr", "unistr_quote", "unlikely",
        "upper", "zeroblob",
        // Date and time.
        "current_date", "current_time", "current_timestamp", "date", "datetime", "julianday", "strftime", "time", "timediff",
        "unixepoch",
        // Aggregates and windows.
        "avg", "count", "group_concat", "median", "percentile", "percentile_cont", "percentile_disc", "string_agg", "sum",
        "total", "cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile", "percent_rank",
        "rank", "row_number",
        // Mathematics.
        "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "ceiling", "cos", "cosh", "degrees", "exp",
        "floor", "ln", "log", "log10", "log2", "mod", "pi", "pow", "power", "radians", "sin", "sinh", "sqrt", "tan", "tanh",
        "trunc",
        // JSON.
        "json", "json_array", "json_array_insert", "json_array_length", "json_error_position", "json_extract",
        "json_group_array", "json_group_object", "json_insert", "json_object", "json_patch", "json_pretty", "json_quote",
        "json_remove", "json_replace", "json_set", "json_type", "json_valid", "jsonb", "jsonb_array", "jsonb_array_insert",
        "jsonb_extract", "jsonb_group_array", "jsonb_group_object", "jsonb_insert", "jsonb_object", "jsonb_patch",
        "jsonb_remove", "jsonb_replace", "jsonb_set", "->", "->>",
        // Full-text search and R-trees.
        "bm25", "fts5", "fts5_expr", "fts5_expr_tcl", "fts5_get_locale", "fts5_insttoken", "fts5_isalnum", "fts5_fold",
        "fts5_locale", "highlight", "snippet", "rtreedepth", "rtreenode");
}
