using Skerry.Objects.Activation;

namespace Skerry.Objects;

/// <summary>An object's transactions, alarm, and points in time. Only for the object's own code.</summary>
public sealed class ObjectStorage
{
    private readonly ActiveObject _active;

    internal ObjectStorage(ActiveObject active) => _active = active;

    private ObjectDatabase Database => _active.Database;

    /// <summary>Runs <paramref name="action"/> in a savepoint: if it throws, what it wrote is rolled back. Nests.</summary>
    public void TransactionSync(Action action) => TransactionSync(() =>
    {
        action();
        return true;
    });

    /// <summary>As <see cref="TransactionSync(Action)"/>, with a result.</summary>
    public T TransactionSync<T>(Func<T> action) => Database.TransactionSync(action);

    /// <summary>
    /// Runs <paramref name="action"/> in a transaction that may await. Other events wait until it ends. If it throws,
    /// what it wrote is rolled back. Calls and requests to the outside cannot leave after its first write.
    /// </summary>
    public Task Transaction(Func<Task> action) => Transaction(async () =>
    {
        await action();
        return true;
    });

    /// <summary>As <see cref="Transaction(Func{Task})"/>, with a result.</summary>
    public Task<T> Transaction<T>(Func<Task<T>> action) => Database.Transaction(action);

    /// <summary>Completes when everything written so far is confirmed.</summary>
    public Task Sync() => _active.SyncAsync();

    /// <summary>Deletes everything: tables, keys, the alarm. Atomic; forbidden inside a transaction. Can be undone through a bookmark.</summary>
    /// <exception cref="InvalidOperationException">A transaction is open.</exception>
    public void DeleteAll() => Database.DeleteAll();

    /// <summary>When the alarm is set for; null if none is, and inside the handler unless it was set again.</summary>
    public DateTimeOffset? GetAlarm() => Database.GetAlarm();

    /// <summary>Sets the object's one alarm, replacing it. A time in the past means now. Exact to milliseconds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The time is not after 1970-01-01T00:00:00Z.</exception>
    public void SetAlarm(DateTimeOffset time) => Database.SetAlarm(time);

    /// <summary>Removes the alarm. Inside the handler it takes back one set there; the running one is not affected.</summary>
    public void DeleteAlarm() => Database.DeleteAlarm();

    /// <summary>The point in time right after everything written so far. Bookmarks of one object compare in the order of time.</summary>
    public string GetCurrentBookmark() => Database.CurrentBookmark().ToString();

    /// <summary>The newest point in time at or before <paramref name="time"/>.</summary>
    /// <exception cref="Skerry.Storage.StorageException">The time is not retained any more.</exception>
    public async Task<string> GetBookmarkForTime(DateTimeOffset time) => (await Database.BookmarkForTime(time)).ToString();

    /// <summary>
    /// Makes the object start from <paramref name="bookmark"/> the next time it starts; <see cref="ObjectContext.Abort"/>
    /// makes that soon.
    /// </summary>
    /// <returns>A bookmark that undoes the restore, used in the same way.</returns>
    /// <exception cref="ArgumentException">It is not a bookmark of this object, or lies in its future.</exception>
    /// <exception cref="Skerry.Storage.StorageException">That point in time is not retained any more.</exception>
    public async Task<string> OnNextSessionRestoreBookmark(string bookmark) => (await Database.RestoreOnNextStart(bookmark)).ToString();
}
