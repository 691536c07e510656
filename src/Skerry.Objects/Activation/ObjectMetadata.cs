using System.Globalization;

namespace Skerry.Objects.Activation;

/// <summary>
/// What an object's hidden table <c>_cf_METADATA</c> keeps: the name, hint and jurisdiction it was made with, its
/// alarm, and a restore that its next start is to carry out. Written with the object's first write; read once an
/// activation, then held here.
/// </summary>
internal sealed class ObjectMetadata(ObjectDatabase database)
{
    private string? _committedRestore;

    /// <summary>True if the table exists.</summary>
    public bool IsWritten { get; private set; }

    /// <summary>The name the object was first called by; null for a unique id, or before the first write.</summary>
    public string? Name { get; private set; }

    /// <summary>The alarm's time, Unix milliseconds; 0 for none.</summary>
    public long AlarmMs { get; private set; }

    /// <summary>How many times the alarm's handler has failed.</summary>
    public int AlarmRetries { get; private set; }

    /// <summary>When a failed alarm is to run again, Unix milliseconds; 0 if it has not failed.</summary>
    public long AlarmNextMs { get; private set; }

    /// <summary>When the alarm's handler is to run next: 0 for never.</summary>
    public long DueMs => AlarmNextMs != 0 ? AlarmNextMs : AlarmMs;

    /// <summary>The bookmark to start from next time; null for none.</summary>
    public string? PendingRestore { get; private set; }

    /// <summary>The bookmark, if it was set since the table was last read.</summary>
    public string? UncommittedRestore => PendingRestore == _committedRestore ? null : PendingRestore;

    /// <summary>Makes the table, inside the transaction of the object's first write.</summary>
    public void Create(DurableObjectId id, LocationHint? hint)
    {
        // Set first: the statements below come back through the same door.
        IsWritten = true;
        Clear();
        database.Trusted.ExecuteTrusted("CREATE TABLE _cf_METADATA (key TEXT PRIMARY KEY, value) WITHOUT ROWID");
        Put("created", database.Runtime.NowMs.ToString(CultureInfo.InvariantCulture));
        if (id.Name is not null)
        {
            Put("name", Name = id.Name);
        }

        if (id.Jurisdiction != Jurisdiction.None)
        {
            Put("jurisdiction", id.Jurisdiction.ToCode());
        }

        if (hint is not null)
        {
            Put("location_hint", hint.Value.ToCode());
        }
    }

    /// <summary>Reads the table.</summary>
    public void Load()
    {
        Clear();
        IsWritten = true;
        foreach (var (key, value) in database.Trusted.QueryTrusted("SELECT key, value FROM _cf_METADATA"))
        {
            switch (key)
            {
                case "name":
                    Name = value;
                    break;
                case "alarm":
                    AlarmMs = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "alarm_retries":
                    AlarmRetries = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "alarm_next":
                    AlarmNextMs = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "restore":
                    PendingRestore = _committedRestore = value;
                    break;
            }
        }
    }

    /// <summary>Follows a rollback.</summary>
    public void Reload()
    {
        if (database.IsEmpty && !database.Trusted.HasTable("_cf_METADATA"))
        {
            IsWritten = false;
            Clear();
        }
        else
        {
            Load();
        }
    }

    public void SetAlarm(long ms, int retries, long nextMs)
    {
        AlarmMs = ms;
        AlarmRetries = retries;
        AlarmNextMs = nextMs;
        Put("alarm", ms == 0 ? null : ms.ToString(CultureInfo.InvariantCulture));
        Put("alarm_retries", retries == 0 ? null : retries.ToString(CultureInfo.InvariantCulture));
        Put("alarm_next", nextMs == 0 ? null : nextMs.ToString(CultureInfo.InvariantCulture));
    }

    public void SetRestore(string bookmark) => Put("restore", PendingRestore = bookmark);

    public void ClearRestore()
    {
        PendingRestore = _committedRestore = null;
        Put("restore", null);
    }

    private void Put(string key, string? value)
    {
        if (value is null)
        {
            database.Trusted.ExecuteTrusted("DELETE FROM _cf_METADATA WHERE key = ?", key);
        }
        else
        {
            database.Trusted.ExecuteTrusted("INSERT OR REPLACE INTO _cf_METADATA VALUES (?, ?)", key, value);
        }
    }

    private void Clear()
    {
        Name = null;
        AlarmMs = AlarmNextMs = AlarmRetries = 0;
        PendingRestore = _committedRestore = null;
    }
}
