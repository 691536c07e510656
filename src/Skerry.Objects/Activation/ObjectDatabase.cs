using Skerry.Objects.Loop;
using Skerry.Storage;
using Skerry.Storage.Pages;
using Skerry.Storage.Relay;
using Skerry.Storage.Sqlite;

namespace Skerry.Objects.Activation;

/// <summary>
/// One object's database as its loop sees it. The first write of a turn opens a transaction, the turn's end commits it,
/// and the output gate waits for its confirmation. The connection opens when it is first used, and may be closed
/// between turns to make room for others.
/// </summary>
internal sealed partial class ObjectDatabase : ISqlHost
{
    private readonly ActiveObject _active;
    private readonly LocationHint? _hint;
    private PageStore? _store;
    private SqliteDatabase? _sqlite;
    private bool _mustConfirm;
    private bool _joined;
    private bool _turnSavepoint;
    private bool _asyncTransaction;
    private int _syncDepth;
    private bool _paused;

    public ObjectDatabase(ActiveObject active, LocationHint? hint)
    {
        _active = active;
        _hint = hint;
        Metadata = new ObjectMetadata(this);
    }

    internal ObjectRuntime Runtime => _active.Runtime;

    /// <summary>What the object's hidden table says of it.</summary>
    public ObjectMetadata Metadata { get; }

    /// <summary>True if something was written that is in no commit yet.</summary>
    public bool HasUncommitted => _sqlite is { HasOpenTransaction: true };

    /// <summary>True if an async transaction has written.</summary>
    public bool InAsyncTransaction => _asyncTransaction && HasUncommitted;

    /// <inheritdoc/>
    public SqliteDatabase Database
    {
        get
        {
            _active.Turn();
            if (_active.Broken is { } broken)
            {
                throw broken;
            }

            return _sqlite ?? Open();
        }
    }

    /// <summary>The open connection, for the runtime's own statements.</summary>
    internal SqliteDatabase Trusted => _sqlite ?? Open();

    /// <summary>True if the object has a state in storage.</summary>
    internal bool IsEmpty => _store is null or { State.Transaction: 0 };

    /// <inheritdoc/>
    public void BeforeWrite() => BeforeWrite(allowUnconfirmed: false);

    /// <inheritdoc/>
    public void BeforeWrite(bool allowUnconfirmed)
    {
        var database = Database;
        _mustConfirm |= !allowUnconfirmed;
        if (!database.HasOpenTransaction)
        {
            database.EnsureWriteTransaction();
            if (!Metadata.IsWritten)
            {
                Metadata.Create(_active.Id, _hint);
            }
        }
        else if (_joined && !_asyncTransaction)
        {
            // Events before this one have written in the same transaction: what this one writes can be told from theirs.
            _joined = false;
            if (_turnSavepoint)
            {
                database.ReleaseSavepoint(TurnSavepoint);
            }

            database.Savepoint(TurnSavepoint);
            _turnSavepoint = true;
        }
    }

    private const string TurnSavepoint = "_cf_turn";

    /// <summary>The turn ended, and the next one's writes go into the same transaction.</summary>
    public void JoinNextTurn() => _joined = HasUncommitted && !_asyncTransaction;

    /// <summary>Makes the output gate wait for every write so far, those that were allowed to stay unconfirmed too.</summary>
    public void RequireAll()
    {
        _active.Turn();
        _mustConfirm |= HasUncommitted;
        if (_store is { } store)
        {
            _active.Gate.Required = Math.Max(_active.Gate.Required, store.State.Transaction);
        }
    }

    /// <summary>Commits what events before this one have left uncommitted, so that a point in time lies between them and it.</summary>
    private void CommitEarlierTurns()
    {
        if (HasUncommitted && (_joined || _turnSavepoint) && !_asyncTransaction && _syncDepth == 0)
        {
            CommitNow();
        }
    }

    /// <inheritdoc/>
    public void EngineFailed(Exception error) => _active.Break(new DurableObjectException(
        "object_reset", $"{_active.Id} was reset, for its database was rolled back: {error.Message}", error)
    { Retryable = true });

    /// <summary>Reads what storage has of the object, and carries out a restore that was asked for. First event of the loop.</summary>
    public async Task StartAsync()
    {
        if (!Runtime.Storage.Exists(_active.Key))
        {
            return;
        }

        Open();
        if (Metadata.PendingRestore is { } bookmark)
        {
            await Restore(bookmark);
        }

        SyncSchedule();
    }

    private SqliteDatabase Open()
    {
        try
        {
            _store ??= Runtime.Storage.OpenDatabase(_active.Key, _active);
        }
        catch (ClaimException e)
        {
            // Its files have been lost since it started, as when a full disk kept them from being written: the next start makes them anew.
            _active.Break(new DurableObjectException("moved", $"{_active.Id} starts again: {e.Message}", e) { Retryable = true });
            throw _active.Broken!;
        }

        _sqlite = new SqliteDatabase(_store, Runtime.Options.SqlLimits);
        if (_store.State.Transaction > 0)
        {
            Metadata.Load();
        }

        Runtime.OpenDatabases.Opened(_active);
        return _sqlite;
    }

    /// <summary>Commits what the turn wrote. A failure breaks the object.</summary>
    public void EndTurn()
    {
        if (_sqlite is not { HasOpenTransaction: true } || _asyncTransaction)
        {
            return;
        }

        if (_active.IsStopping)
        {
            _joined = _turnSavepoint = false;
            _sqlite.Rollback();
            return;
        }

        CommitNow();
    }

    private void CommitNow()
    {
        _joined = _turnSavepoint = false;
        var written = false;
        try
        {
            _active.Sql.CloseWriters();
            _sqlite!.Commit();
            written = AppendCommit();
        }
        catch (SqliteException e)
        {
            // Broken here and now: code of the object that catches this must not go on as if nothing had happened.
            var reset = new DurableObjectException("object_reset", $"{_active.Id} was reset, for the transaction of this event could not be committed: {e.Message}", e);
            _active.Break(reset);
            throw reset;
        }
        catch (StorageException e)
        {
            // SQLite believes in a commit that the log will never have.
            _active.Failed(e);
            throw _active.Broken!;
        }
        catch (Exception e)
        {
            _active.Break(e);
            throw;
        }

        _active.PassLeaving(written);
    }

    // True if whatever leaves now waits for this very commit.
    private bool AppendCommit()
    {
        if (!_store!.HasPending)
        {
            return false;
        }

        // Scheduled time ≤ stored time, always: an earlier alarm is registered before the commit, a later one after it.
        var due = Metadata.DueMs;
        var scheduled = _scheduledMs;
        if (due != 0 && (scheduled == 0 || due < scheduled))
        {
            Schedule(due);
        }

        var transaction = _store.Commit(due);
        _active.Gate.Written(transaction);
        if (due != scheduled && due != _scheduledMs)
        {
            lock (_alarmLock)
            {
                _scheduleAfter = (transaction, due);
            }
        }

        if (_mustConfirm)
        {
            _active.Gate.Required = transaction;
            _mustConfirm = false;
        }

        if (_store.UnconfirmedBytes > Runtime.Options.UnconfirmedBytesMax)
        {
            _paused = true;
            _active.Loop.Pause();
            ResumeIfDrained();
        }

        return _active.Gate.Required == transaction;
    }

    /// <summary>The log has confirmed a transaction. On the log's thread.</summary>
    public void Confirmed(ulong transaction)
    {
        ApplyScheduleAfter(transaction);
        ResumeIfDrained();
    }

    private void ResumeIfDrained()
    {
        if (Volatile.Read(ref _paused) && _store is { } store && store.UnconfirmedBytes <= Runtime.Options.UnconfirmedBytesMax / 2)
        {
            Volatile.Write(ref _paused, false);
            _active.Loop.Resume();
        }
    }

    public T TransactionSync<T>(Func<T> action)
    {
        var database = Database;
        BeforeWrite();
        var savepoint = $"_cf_{++_syncDepth}";
        database.Savepoint(savepoint);
        try
        {
            var result = action();
            if (result is Task)
            {
                throw new InvalidOperationException("TransactionSync cannot hold across an await. Use Transaction for that.");
            }

            database.ReleaseSavepoint(savepoint);
            return result;
        }
        catch
        {
            // If SQLite rolled everything back by itself, the object is broken already.
            if (database.HasOpenTransaction)
            {
                database.RollbackTo(savepoint);
                database.ReleaseSavepoint(savepoint);
                RolledBack();
            }

            throw;
        }
        finally
        {
            _syncDepth--;
        }
    }

    public Task<T> Transaction<T>(Func<Task<T>> action)
    {
        var context = _active.Turn();
        return _active.Loop.EnterSection(context, async _ =>
        {
            if (_asyncTransaction)
            {
                return await Nested(action);
            }

            // What the turn wrote before belongs to itself, not to the transaction that may be rolled back.
            if (HasUncommitted)
            {
                CommitNow();
            }

            _asyncTransaction = true;
            using var timeout = _active.LimitSection();
            try
            {
                var result = await action();
                _asyncTransaction = false;
                if (HasUncommitted)
                {
                    CommitNow();
                }

                return result;
            }
            catch
            {
                if (HasUncommitted)
                {
                    _sqlite!.Rollback();
                    _store!.DiscardPending();
                    RolledBack();
                    _active.PassLeaving();
                }

                throw;
            }
            finally
            {
                _asyncTransaction = false;
            }
        });
    }

    private async Task<T> Nested<T>(Func<Task<T>> action)
    {
        BeforeWrite();
        var savepoint = $"_cf_n{++_syncDepth}";
        var database = Database;
        database.Savepoint(savepoint);
        try
        {
            var result = await action();
            database.ReleaseSavepoint(savepoint);
            return result;
        }
        catch
        {
            if (database.HasOpenTransaction)
            {
                database.RollbackTo(savepoint);
                database.ReleaseSavepoint(savepoint);
                RolledBack();
            }

            throw;
        }
        finally
        {
            _syncDepth--;
        }
    }

    private void RolledBack()
    {
        Metadata.Reload();
        _active.Kv.Forget();
    }

    public void DeleteAll()
    {
        _ = Database;
        if (_syncDepth > 0 || _asyncTransaction)
        {
            throw new InvalidOperationException("DeleteAll is forbidden inside a transaction.");
        }

        if (HasUncommitted)
        {
            CommitNow();
        }

        if (_store!.State.Transaction == 0)
        {
            return;
        }

        // Everything goes with the pages, in one commit; the object's own record is written anew into the same commit.
        Rebuild(() => _store.Truncate(0));
    }

    /// <summary>Replaces the database's pages with others, as one transaction.</summary>
    private void Rebuild(Action replace)
    {
        _sqlite!.Dispose();
        _sqlite = null;
        try
        {
            replace();
            _sqlite = new SqliteDatabase(_store!, Runtime.Options.SqlLimits);
            _sqlite.EnsureWriteTransaction();
            if (_store!.PageCount == 0)
            {
                Metadata.Create(_active.Id, _hint);
            }
            else
            {
                Metadata.Load();
                Metadata.ClearRestore();
            }

            _mustConfirm = true;
            CommitNow();
        }
        catch (Exception e)
        {
            _active.Break(e);
            throw;
        }
    }

    /// <summary>Why this stay in memory did not begin with the restore that was asked for; null if it did, or if none was.</summary>
    public string? FailedRestore { get; private set; }

    private async Task Restore(string bookmark)
    {
        PastState past;
        try
        {
            past = await Runtime.Storage.History.ReadAsync(_store!, Bookmark.Parse(bookmark, _active.Id.Value).Transaction, CancellationToken.None);
        }
        catch (Exception e) when (e is PastNotRetainedException or StorageDamagedException)
        {
            // Since it was asked for, the history has lost that state, or it shows only now that a file is damaged. An
            // object that could not start would lose the rest too.
            Runtime.LogRestoreFailed(_active.Id, bookmark, e);
            FailedRestore = e.Message;
            Trusted.EnsureWriteTransaction();
            Metadata.ClearRestore();
            _mustConfirm = true;
            CommitNow();
            return;
        }

        // Another object may have needed the place of this one's connection meanwhile.
        _ = Trusted;
        Rebuild(() => past.ApplyTo(_store!));
    }

    public Bookmark CurrentBookmark()
    {
        _ = Database;
        CommitEarlierTurns();
        return new Bookmark(_store!.State.Transaction + (HasUncommitted ? 1UL : 0), _active.Id.Value);
    }

    public async Task<Bookmark> BookmarkForTime(DateTimeOffset time)
    {
        _ = Database;
        var state = await Runtime.Storage.History.FindByTimeAsync(_store!, time.ToUnixTimeMilliseconds(), CancellationToken.None);
        return new Bookmark(state.Transaction, _active.Id.Value);
    }

    public async Task<Bookmark> RestoreOnNextStart(string text)
    {
        var bookmark = Bookmark.Parse(text, _active.Id.Value);
        var current = CurrentBookmark();
        if (bookmark.Transaction > current.Transaction)
        {
            throw new ArgumentException($"The bookmark '{text}' lies in the future of this object; its newest is '{current}'.", nameof(text));
        }

        if (bookmark.Transaction < current.Transaction)
        {
            await Runtime.Storage.History.CheckRetainedAsync(_store!, bookmark.Transaction, CancellationToken.None);

            // Other events may have written meanwhile: undoing leads back to after them.
            current = CurrentBookmark();
        }

        BeforeWrite();
        Metadata.SetRestore(text);
        return current;
    }

    /// <summary>Drops what the turn wrote, but for a restore that was asked for: an abort is how that is put to work.</summary>
    public void Abandon()
    {
        var restore = Metadata.UncommittedRestore;
        if (!HasUncommitted)
        {
            return;
        }

        if (_joined || _turnSavepoint)
        {
            // Earlier events share the transaction: theirs stays, this event's goes.
            if (!_joined)
            {
                _sqlite!.RollbackTo(TurnSavepoint);
                RolledBack();
            }

            CommitNow();
        }
        else
        {
            _sqlite!.Rollback();
            _store!.DiscardPending();
        }

        _asyncTransaction = false;
        if (restore is not null)
        {
            RolledBack();
            BeforeWrite();
            Metadata.SetRestore(restore);
            CommitNow();
        }
    }

    /// <summary>Closes connection and files between turns, to make room. False if the database is in use.</summary>
    public bool TrySuspend()
    {
        if (_sqlite is null || _store is null)
        {
            return true;
        }

        // A confirmed commit settles a moment later: until then the log's thread still holds the store.
        if (_sqlite.HasOpenTransaction || _sqlite.OpenCursors > 0 || !_store.WhenSettled().IsCompleted)
        {
            return false;
        }

        Close();
        return true;
    }

    /// <summary>Closes the connection at once, and the files when the commits on their way have settled.</summary>
    public async Task CloseAsync()
    {
        _sqlite?.Dispose();
        _sqlite = null;
        if (_store is { } store)
        {
            await store.WhenSettled().ConfigureAwait(false);
            Close();
        }
    }

    private void Close()
    {
        _sqlite?.Dispose();
        _sqlite = null;
        if (_store is { } store)
        {
            Runtime.Storage.CloseDatabase(store);
            _store = null;
            Runtime.OpenDatabases.Closed(_active);
        }
    }
}
