using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Tests.Sqlite;

public sealed class SqliteAuthorizerTests : SqliteFixture
{
    public SqliteAuthorizerTests()
    {
        Database.EnsureWriteTransaction();
        Database.ExecuteTrusted("CREATE TABLE _cf_KV(key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID");
        Database.ExecuteTrusted("INSERT INTO _cf_KV VALUES ('k', 'secret')");
        Sql.Rows("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); CREATE VIRTUAL TABLE f USING fts5(x)");
        Database.Commit();
    }

    [Theory]
    [InlineData("SELECT * FROM _cf_KV")]
    [InlineData("SELECT count(*) FROM _CF_kv")]
    [InlineData("SELECT 1 FROM _cf_KV")]
    [InlineData("SELECT * FROM main.\"_cf_KV\"")]
    [InlineData("SELECT * FROM [_cf_KV]")]
    [InlineData("SELECT * FROM `_cf_kv` AS harmless")]
    [InlineData("SELECT (SELECT value FROM _cf_KV)")]
    [InlineData("SELECT * FROM t WHERE EXISTS (SELECT 1 FROM _cf_KV)")]
    [InlineData("SELECT * FROM t JOIN _cf_KV")]
    [InlineData("INSERT INTO t(b) SELECT value FROM _cf_KV")]
    [InlineData("INSERT INTO _cf_KV VALUES (1, 2)")]
    [InlineData("REPLACE INTO _cf_KV VALUES (1, 2)")]
    [InlineData("UPDATE _cf_KV SET value = 1")]
    [InlineData("UPDATE t SET b = value FROM _cf_KV")]
    [InlineData("DELETE FROM _cf_KV")]
    [InlineData("DELETE FROM _cf_KV LIMIT 1")]
    [InlineData("UPDATE _cf_KV SET value = 1 LIMIT 1")]
    [InlineData("DROP TABLE _cf_KV")]
    [InlineData("DROP TABLE IF EXISTS _cf_KV")]
    [InlineData("ALTER TABLE _cf_KV RENAME TO mine")]
    [InlineData("ALTER TABLE _cf_KV ADD COLUMN c")]
    [InlineData("ALTER TABLE _cf_KV RENAME COLUMN value TO v")]
    [InlineData("CREATE TABLE _cf_x(a)")]
    [InlineData("CREATE TABLE \"_Cf_x\"(a)")]
    [InlineData("CREATE TABLE '_cf_x'(a)")]
    [InlineData("CREATE TABLE _cf_x AS SELECT 1")]
    [InlineData("CREATE TABLE mine AS SELECT * FROM _cf_KV")]
    [InlineData("CREATE VIEW _cf_x AS SELECT 1")]
    [InlineData("CREATE INDEX _cf_i ON t(b)")]
    [InlineData("CREATE INDEX i ON _cf_KV(value)")]
    [InlineData("CREATE TRIGGER _cf_g AFTER INSERT ON t BEGIN SELECT 1; END")]
    [InlineData("CREATE TRIGGER g AFTER INSERT ON _cf_KV BEGIN SELECT 1; END")]
    [InlineData("CREATE VIRTUAL TABLE _cf_f USING fts5(x)")]
    [InlineData("ALTER TABLE t RENAME TO _cf_x")]
    [InlineData("; alter table main.t rename /* to */ to [_CF_x]")]
    [InlineData("-- a comment\nALTER TABLE t RENAME TO \"_cf_x\"")]
    [InlineData("ALTER TABLE t RENAME TO '_cf_x'")]
    [InlineData("ALTER TABLE f RENAME TO \"_cf_x\"")]
    [InlineData("SELECT 1; ALTER TABLE t RENAME TO _cf_x")]
    [InlineData("\uFEFFALTER TABLE t RENAME TO _cf_x")]
    [InlineData(" \u000bALTER TABLE t RENAME TO _cf_x")]
    [InlineData("ALTER TABLE t RENAME TO \uFEFF_cf_x")]
    [InlineData("PRAGMA table_info(_cf_KV)")]
    [InlineData("PRAGMA table_xinfo = '_CF_KV'")]
    [InlineData("SELECT * FROM pragma_table_info('_cf_KV')")]
    [InlineData("SELECT * FROM pragma_index_list('_cf_KV')")]
    [InlineData("CREATE VIEW w AS SELECT * FROM _cf_KV; SELECT * FROM w")]
    [InlineData("CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM _cf_KV; END; INSERT INTO t VALUES (1, 2)")]
    [InlineData("CREATE VIRTUAL TABLE e USING fts5(value, content='_cf_KV', content_rowid='key'); SELECT * FROM e")]
    [InlineData("CREATE VIRTUAL TABLE e USING fts5(value, content='_cf_KV', content_rowid='key'); INSERT INTO e(e) VALUES ('rebuild')")]
    [InlineData("WITH x AS (SELECT * FROM _cf_KV) SELECT * FROM x")]
    public void Hidden_tables_are_out_of_reach_by_every_route(string sql)
    {
        var error = Assert.Throws<SqliteException>(() => Sql.Rows(sql));
        Assert.Contains("_cf_", error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("not allowed", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BEGIN", "TransactionSync")]
    [InlineData("begin immediate", "TransactionSync")]
    [InlineData("COMMIT", "TransactionSync")]
    [InlineData("ROLLBACK", "TransactionSync")]
    [InlineData("END", "TransactionSync")]
    [InlineData("SAVEPOINT x", "TransactionSync")]
    [InlineData("RELEASE s1", "TransactionSync")]
    [InlineData("ROLLBACK TO s1", "TransactionSync")]
    [InlineData("INSERT INTO t VALUES (9, ''); COMMIT; SELECT 1", "TransactionSync")]
    [InlineData("CREATE TEMP TABLE x(a)", "Temporary")]
    [InlineData("CREATE TABLE temp.x(a)", "Temporary")]
    [InlineData("CREATE TABLE \"TEMP\".x AS SELECT 1", "Temporary")]
    [InlineData("CREATE TEMP VIEW x AS SELECT 1", "Temporary")]
    [InlineData("CREATE TEMPORARY TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END", "Temporary")]
    [InlineData("ATTACH ':memory:' AS x", "ATTACH")]
    [InlineData("ATTACH 'file.db' AS x", "ATTACH")]
    [InlineData("DETACH main", "ATTACH")]
    [InlineData("CREATE TABLE x(a DEFAULT (1 + \"sqlite_version\" ())); INSERT INTO x DEFAULT VALUES", "sqlite_version")]
    [InlineData("ALTER TABLE t ADD COLUMN c DEFAULT (load_extension('x'))", "load_extension")]
    [InlineData("CREATE TABLE x(a CHECK (a < sqlite_version()))", "sqlite_version")]
    [InlineData("CREATE INDEX i ON t(sqlite_version())", "sqlite_version")]
    [InlineData("SELECT sqlite_version()", "sqlite_version")]
    [InlineData("SELECT SQLITE_VERSION()", "sqlite_version")]
    [InlineData("SELECT sqlite_source_id()", "sqlite_source_id")]
    [InlineData("SELECT sqlite_compileoption_get(1)", "sqlite_compileoption_get")]
    [InlineData("SELECT load_extension('x')", "load_extension")]
    [InlineData("SELECT fts3_tokenizer('simple')", "fts3_tokenizer")]
    [InlineData("SELECT fts5_source_id()", "fts5_source_id")]
    [InlineData("SELECT rtreecheck('r')", "rtreecheck")]
    [InlineData("CREATE VIEW w AS SELECT sqlite_version(); SELECT * FROM w", "sqlite_version")]
    [InlineData("CREATE TABLE x(a DEFAULT (sqlite_version())); INSERT INTO x DEFAULT VALUES", "sqlite_version")]
    [InlineData("CREATE VIRTUAL TABLE x USING fts4(a)", "fts5")]
    [InlineData("CREATE VIRTUAL TABLE x USING FTS3(a)", "fts5")]
    [InlineData("CREATE VIRTUAL TABLE x USING geopoly(a)", "fts5")]
    [InlineData("PRAGMA journal_mode = DELETE", "journal_mode")]
    [InlineData("PRAGMA main.journal_mode", "journal_mode")]
    [InlineData("PRAGMA writable_schema = ON", "writable_schema")]
    [InlineData("PRAGMA synchronous", "synchronous")]
    [InlineData("PRAGMA locking_mode = NORMAL", "locking_mode")]
    [InlineData("PRAGMA compile_options", "compile_options")]
    [InlineData("PRAGMA user_version = 3", "user_version")]
    [InlineData("PRAGMA page_size = 8192", "page_size")]
    [InlineData("PRAGMA temp_store_directory = '/'", "temp_store_directory")]
    [InlineData("SELECT * FROM pragma_compile_options", "compile_options")]
    [InlineData("SELECT * FROM pragma_function_list", "function_list")]
    [InlineData("SELECT * FROM \"PRAGMA_Module_List\"", "module_list")]
    [InlineData("SELECT * FROM t WHERE a IN (SELECT 1 FROM pragma_database_list)", "database_list")]
    public void What_is_not_allowed_is_refused_by_name(string sql, string says)
    {
        var error = Assert.Throws<SqliteException>(() => Sql.Rows(sql));
        Assert.Contains(says, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("not allowed", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE sqlite_master SET sql = ''")]
    [InlineData("INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 2, '')")]
    [InlineData("DELETE FROM sqlite_schema")]
    [InlineData("DELETE FROM f_data")]
    [InlineData("INSERT INTO f_config VALUES ('version', 0)")]
    [InlineData("SELECT \"text\"")]
    [InlineData("DROP TABLE sqlite_sequence")]
    [InlineData("VACUUM")]
    [InlineData("VACUUM INTO 'x'")]
    [InlineData("SELECT * FROM sqlite_dbpage")]
    [InlineData("SELECT * FROM dbstat")]
    [InlineData("SELECT sqlite_rename_table('a','b','c','d','e',1,1)")]
    public void The_engine_itself_refuses(string sql) => Assert.Throws<SqliteException>(() => Sql.Rows(sql));

    [Theory]
    [InlineData("PRAGMA table_list")]
    [InlineData("PRAGMA table_info(t)")]
    [InlineData("PRAGMA table_xinfo = t")]
    [InlineData("PRAGMA index_list(t)")]
    [InlineData("PRAGMA index_info(i)")]
    [InlineData("PRAGMA index_xinfo(i)")]
    [InlineData("PRAGMA foreign_key_list(t)")]
    [InlineData("PRAGMA foreign_key_check")]
    [InlineData("PRAGMA foreign_keys")]
    [InlineData("PRAGMA defer_foreign_keys = ON")]
    [InlineData("PRAGMA data_version")]
    [InlineData("PRAGMA page_size")]
    [InlineData("PRAGMA case_sensitive_like = ON")]
    [InlineData("PRAGMA ignore_check_constraints = OFF")]
    [InlineData("PRAGMA legacy_alter_table = OFF")]
    [InlineData("PRAGMA recursive_triggers")]
    [InlineData("PRAGMA reverse_unordered_selects")]
    [InlineData("PRAGMA quick_check(t)")]
    [InlineData("PRAGMA quick_check")]
    [InlineData("PRAGMA optimize")]
    [InlineData("PRAGMA optimize(0x10002)")]
    [InlineData("ANALYZE")]
    [InlineData("REINDEX")]
    [InlineData("SELECT * FROM pragma_table_info('t')")]
    [InlineData("SELECT * FROM pragma_table_list")]
    [InlineData("SELECT _cf_a FROM (SELECT 1 AS _cf_a)")]
    [InlineData("SELECT key, value, '_cf_KV' FROM json_each('[1,2]')")]
    [InlineData("SELECT * FROM json_tree('{\"a\":[1]}')")]
    [InlineData("SELECT name FROM sqlite_master")]
    [InlineData("SELECT strftime('%Y', 'now'), sqrt(2), json_extract('{}', '$.a'), '{}' ->> 'a', row_number() OVER ()")]
    [InlineData("SELECT current_timestamp, iif(1, 2, 3), unistr('a'), concat_ws(',', 1, 2)")]
    [InlineData("EXPLAIN QUERY PLAN SELECT * FROM t")]
    public void What_is_allowed_runs(string sql) => Sql.Rows(sql);

    [Fact]
    public void Analyze_leaves_hidden_tables_out()
    {
        Sql.Rows("CREATE INDEX i ON t(b); INSERT INTO t VALUES (1, 'x'); ANALYZE; ANALYZE _cf_KV; PRAGMA optimize(0x10002)");

        var analyzed = Sql.Rows("SELECT DISTINCT tbl FROM sqlite_stat1");
        Assert.Contains("t", analyzed);
        Assert.DoesNotContain("_cf_KV", analyzed);
    }

    [Fact]
    public void Optimize_writes_inside_a_transaction_only()
    {
        Sql.Rows("CREATE INDEX i ON t(b); INSERT INTO t(b) VALUES ('x'), ('y')");
        Database.Commit();
        File.Written.Clear();

        Sql.Rows("PRAGMA optimize(0x10002)");

        Assert.Empty(File.Written);
        Assert.True(Database.HasOpenTransaction);
        Assert.NotEmpty(Sql.Rows("SELECT * FROM sqlite_stat1"));
    }

    [Fact]
    public void A_statement_that_is_compiled_anew_for_a_changed_schema_is_judged_anew()
    {
        Sql.Rows("CREATE VIEW w AS SELECT 1 AS x");
        Assert.Equal("1", Sql.Value("SELECT * FROM w"));
        Sql.Rows("DROP VIEW w; CREATE VIEW w AS SELECT value AS x FROM _cf_KV");

        var error = Assert.Throws<SqliteException>(() => Sql.Rows("SELECT * FROM w"));

        Assert.Contains("_cf_", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Our_own_statements_are_not_refused_when_the_schema_changes()
    {
        var size = Database.DatabaseSize;
        Assert.Equal("secret", Database.QueryTrusted("SELECT value FROM _cf_KV")[0].Key);

        Sql.Rows("CREATE TABLE u(a)");

        Assert.Equal("secret", Database.QueryTrusted("SELECT value FROM _cf_KV")[0].Key);
        Assert.Equal(size + IPageFile.PageSize, Database.DatabaseSize);
        Assert.True(Database.HasTable("u"));
    }

    [Fact]
    public void A_refusal_does_not_colour_later_errors()
    {
        Sql.Rows("INSERT INTO t VALUES (1, 'x')");
        Assert.Throws<SqliteException>(() => Sql.Rows("SELECT sqlite_version()"));

        var error = Assert.Throws<SqliteException>(() => Sql.Rows("INSERT INTO t VALUES (1, 'x')"));

        Assert.Contains("UNIQUE", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsConstraint);
    }
}
