using System.Runtime.CompilerServices;
using System.Text;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects;

/// <summary>
/// Keys and values of an object, in a hidden table of its database, and so in the same transactions as its SQL. Values
/// are strings, bytes, or anything System.Text.Json can write. Only for the object's own code.
/// </summary>
/// <remarks>The async forms are there for code that is written that way; they complete at once.</remarks>
public sealed class KvStorage
{
    /// <summary>Keys that one call may take.</summary>
    public const int KeysMax = 128;

    /// <summary>Bytes of a key in UTF-8.</summary>
    public const int KeyBytesMax = 2_048;

    /// <summary>Bytes of a key and its value together.</summary>
    public const int PairBytesMax = 2 << 20;

    // No UTF-8 holds this byte.
    private static readonly byte[] PastAllKeys = [0xff];

    private readonly ISqlHost _host;
    private SqliteDatabase? _hasTable;

    internal KvStorage(ISqlHost host) => _host = host;

    /// <summary>The value of a key; default if there is none.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    /// <exception cref="InvalidOperationException">The value is of another type.</exception>
    public T? Get<T>(string key)
    {
        CheckKey(key);
        return TryGet<T>(key, out var value) ? value : default;
    }

    private bool TryGet<T>(string key, out T? value)
    {
        value = default;
        if (!HasTable())
        {
            return false;
        }

        var statement = Prepare("SELECT value FROM _cf_KV WHERE key = ?");
        try
        {
            Bind(statement, 1, key);
            if (!Step(statement))
            {
                return false;
            }

            value = KvCodec.Decode<T>(key, statement.GetBlob(0));
            return true;
        }
        finally
        {
            statement.Release();
        }
    }

    /// <summary>The values of at most 128 keys; keys without a value are left out.</summary>
    public IReadOnlyDictionary<string, T> Get<T>(IEnumerable<string> keys)
    {
        var values = new Dictionary<string, T>();
        foreach (var key in CheckKeys(keys))
        {
            if (TryGet<T>(key, out var value))
            {
                values[key] = value!;
            }
        }

        return values;
    }

    /// <summary>Sets the value of a key.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long, or key and value take more than 2 MiB.</exception>
    public void Put<T>(string key, T value, KvWriteOptions? options = null)
    {
        var stored = CheckPair(key, value);
        BeforeWrite(options);
        Write(key, stored);
    }

    /// <summary>Sets at most 128 values: all, or none if one is refused.</summary>
    public void Put<T>(IEnumerable<KeyValuePair<string, T>> entries, KvWriteOptions? options = null)
    {
        var stored = entries.Select(e => (e.Key, Value: CheckPair(e.Key, e.Value))).ToArray();
        CheckCount(stored.Length);
        BeforeWrite(options);
        foreach (var (key, value) in stored)
        {
            Write(key, value);
        }
    }

    /// <summary>Removes a key; false if it had no value.</summary>
    public bool Delete(string key, KvWriteOptions? options = null)
    {
        CheckKey(key);
        if (!HasTable())
        {
            return false;
        }

        BeforeWrite(options);
        return Remove(key);
    }

    /// <summary>Removes at most 128 keys; the count of those that had a value.</summary>
    public int Delete(IEnumerable<string> keys, KvWriteOptions? options = null)
    {
        var all = CheckKeys(keys);
        if (!HasTable())
        {
            return 0;
        }

        BeforeWrite(options);
        return all.Count(Remove);
    }

    /// <summary>Keys and values in the order of the keys' UTF-8 bytes.</summary>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public IReadOnlyList<KeyValuePair<string, T>> List<T>(KvListOptions? options = null)
    {
        options ??= new KvListOptions();
        if (options is { Start: not null, StartAfter: not null })
        {
            throw new ArgumentException("Start and StartAfter cannot be given together.", nameof(options));
        }

        if (options.Limit is < 1)
        {
            throw new ArgumentException($"Limit is {options.Limit}; it must be at least 1, or null for all.", nameof(options));
        }

        List<KeyValuePair<string, T>> found = [];
        if (!HasTable())
        {
            return found;
        }

        // Two plain bounds, so that SQLite seeks to the first key and stops behind the last.
        var statement = Prepare(options.Reverse
            ? "SELECT key, value FROM _cf_KV WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?"
            : "SELECT key, value FROM _cf_KV WHERE key >= ? AND key < ? ORDER BY key LIMIT ?");
        try
        {
            var prefix = Encoding.UTF8.GetBytes(options.Prefix ?? "");

            // Nothing lies between a key and itself with a zero byte behind it.
            var start = Encoding.UTF8.GetBytes(options.StartAfter is { } after ? after + '\0' : options.Start ?? "");
            var end = options.End is { } given ? Encoding.UTF8.GetBytes(given) : PastAllKeys;
            var prefixEnd = After(prefix);
            statement.Bind(1, start.AsSpan().SequenceCompareTo(prefix) > 0 ? start : prefix);
            statement.Bind(2, end.AsSpan().SequenceCompareTo(prefixEnd) < 0 ? end : prefixEnd);
            statement.Bind(3, options.Limit ?? -1L);
            while (Step(statement))
            {
                var key = Encoding.UTF8.GetString(statement.GetBlob(0));
                found.Add(new(key, KvCodec.Decode<T>(key, statement.GetBlob(1))));
            }
        }
        finally
        {
            statement.Release();
        }

        return found;
    }

    /// <summary>Removes all keys. Tables of the object's own stay; see <see cref="ObjectStorage.DeleteAll"/>.</summary>
    public void Clear(KvWriteOptions? options = null)
    {
        if (HasTable())
        {
            BeforeWrite(options);
            Run("DELETE FROM _cf_KV");
        }
    }

    /// <inheritdoc cref="Get{T}(string)"/>
    public ValueTask<T?> GetAsync<T>(string key) => new(Get<T>(key));

    /// <inheritdoc cref="Get{T}(IEnumerable{string})"/>
    public ValueTask<IReadOnlyDictionary<string, T>> GetAsync<T>(IEnumerable<string> keys) => new(Get<T>(keys));

    /// <inheritdoc cref="Put{T}(string, T, KvWriteOptions?)"/>
    public ValueTask PutAsync<T>(string key, T value, KvWriteOptions? options = null)
    {
        Put(key, value, options);
        return default;
    }

    /// <inheritdoc cref="Put{T}(IEnumerable{KeyValuePair{string, T}}, KvWriteOptions?)"/>
    public ValueTask PutAsync<T>(IEnumerable<KeyValuePair<string, T>> entries, KvWriteOptions? options = null)
    {
        Put(entries, options);
        return default;
    }

    /// <inheritdoc cref="Delete(string, KvWriteOptions?)"/>
    public ValueTask<bool> DeleteAsync(string key, KvWriteOptions? options = null) => new(Delete(key, options));

    /// <inheritdoc cref="Delete(IEnumerable{string}, KvWriteOptions?)"/>
    public ValueTask<int> DeleteAsync(IEnumerable<string> keys, KvWriteOptions? options = null) => new(Delete(keys, options));

    /// <inheritdoc cref="List{T}(KvListOptions?)"/>
    public ValueTask<IReadOnlyList<KeyValuePair<string, T>>> ListAsync<T>(KvListOptions? options = null) => new(List<T>(options));

    private bool HasTable()
    {
        var database = _host.Database;
        if (ReferenceEquals(_hasTable, database))
        {
            return true;
        }

        // Only its presence is remembered, and a rollback of its making forgets that; see Forget.
        var statement = Prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_cf_KV'");
        try
        {
            _hasTable = Step(statement) ? database : null;
        }
        finally
        {
            statement.Release();
        }

        return _hasTable is not null;
    }

    /// <summary>What was known of the database may not be so any more: a transaction was rolled back.</summary>
    internal void Forget() => _hasTable = null;

    private void BeforeWrite(KvWriteOptions? options)
    {
        _host.BeforeWrite(options?.AllowUnconfirmed ?? false);
        if (!HasTable())
        {
            // A blob, so that keys compare by their bytes whatever they hold.
            Run("CREATE TABLE _cf_KV (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
            _hasTable = _host.Database;
        }
    }

    private void Write(string key, byte[] stored)
    {
        var statement = Prepare("INSERT OR REPLACE INTO _cf_KV VALUES (?, ?)");
        try
        {
            Bind(statement, 1, key);
            statement.Bind(2, stored);
            Step(statement);
        }
        finally
        {
            statement.Release();
        }
    }

    private bool Remove(string key)
    {
        var statement = Prepare("DELETE FROM _cf_KV WHERE key = ?");
        try
        {
            Bind(statement, 1, key);
            Step(statement);
            return statement.RowsWritten > 0;
        }
        finally
        {
            statement.Release();
        }
    }

    private void Run(string sql)
    {
        var statement = Prepare(sql);
        try
        {
            Step(statement);
        }
        finally
        {
            statement.Release();
        }
    }

    private SqliteStatement Prepare(string sql)
    {
        try
        {
            return _host.Database.PrepareTrusted(sql);
        }
        catch (SqliteException e)
        {
            _host.Note(e);
            throw;
        }
    }

    private bool Step(SqliteStatement statement)
    {
        try
        {
            return statement.StepFirst();
        }
        catch (SqliteException e)
        {
            _host.Note(e);
            throw;
        }
    }

    [SkipLocalsInit]
    private static void Bind(SqliteStatement statement, int index, string key)
    {
        Span<byte> utf8 = stackalloc byte[KeyBytesMax];
        statement.Bind(index, utf8[..Encoding.UTF8.GetBytes(key, utf8)]);
    }

    /// <summary>The least bytes that are greater than all that begin with <paramref name="prefix"/>.</summary>
    private static byte[] After(byte[] prefix)
    {
        for (var i = prefix.Length - 1; i >= 0; i--)
        {
            if (prefix[i] != 0xff)
            {
                var after = prefix[..(i + 1)];
                after[i]++;
                return after;
            }
        }

        return PastAllKeys;
    }

    private static void CheckKey(string key)
    {
        var bytes = Encoding.UTF8.GetByteCount(key);
        if (bytes is 0 or > KeyBytesMax)
        {
            throw new ArgumentException($"The key takes {bytes} bytes; 1 to {KeyBytesMax} are allowed.", nameof(key));
        }
    }

    private static string[] CheckKeys(IEnumerable<string> keys)
    {
        var all = keys.ToArray();
        CheckCount(all.Length);
        Array.ForEach(all, CheckKey);
        return all;
    }

    private static void CheckCount(int count)
    {
        if (count > KeysMax)
        {
            throw new ArgumentException($"{count} keys were given; at most {KeysMax} are taken in one call.");
        }
    }

    private static byte[] CheckPair<T>(string key, T value)
    {
        CheckKey(key);
        var stored = KvCodec.Encode(value);
        var bytes = Encoding.UTF8.GetByteCount(key) + stored.Length - 1;
        return bytes <= PairBytesMax
            ? stored
            : throw new ArgumentException($"The key '{key}' and its value take {bytes} bytes; at most {PairBytesMax} are allowed.", nameof(value));
    }
}
