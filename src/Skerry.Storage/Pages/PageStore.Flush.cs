using System.Buffers;
using Skerry.Storage.Log;
using Skerry.Storage.Ltx;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Pages;

// Confirmation and flushing: what happens to committed pages on threads other than the object's own.
public sealed partial class PageStore
{
    private readonly Lock _flushLock = new();
    private TaskCompletionSource? _settled;
    private int _inFlight;
    private bool _flushing;
    private bool _closed;
    private bool _failed;

    /// <summary>Where the record of <see cref="Confirmed"/> stands.</summary>
    internal LogPosition ConfirmedPosition
    {
        get
        {
            lock (_lock)
            {
                return _confirmedPosition;
            }
        }
    }

    /// <summary>The newest transaction that is in the file.</summary>
    internal ulong FlushedTransaction
    {
        get
        {
            lock (_lock)
            {
                return _flushed.Transaction;
            }
        }
    }

    /// <summary>Pages held in memory because they are not in the file yet.</summary>
    internal int OverlayPages
    {
        get
        {
            lock (_lock)
            {
                return _overlay.Count;
            }
        }
    }

    /// <summary>
    /// Completes when no commit is on its way any more, each confirmed or failed. Before that a store must not be
    /// closed: what is confirmed after it would be in the log alone, and the next one to open would not know.
    /// </summary>
    public Task WhenSettled()
    {
        lock (_lock)
        {
            return _inFlight == 0
                ? Task.CompletedTask
                : (_settled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private void Settle()
    {
        TaskCompletionSource? settled = null;
        lock (_lock)
        {
            if (--_inFlight == 0)
            {
                (settled, _settled) = (_settled, null);
            }
        }

        settled?.SetResult();
    }

    private void OnConfirmed(CommitRequest request, LogPosition position)
    {
        lock (_lock)
        {
            _confirmed = request.State;
            _confirmedPosition = position;
            _unconfirmedBytes -= request.Payload.Length;
        }

        _listener.Confirmed(request.State.Transaction);
        _node.OverlayGrew(this);
        Settle();
    }

    private void OnFailed(CommitRequest request, StorageException error)
    {
        lock (_lock)
        {
            _failed = true;
            _unconfirmedBytes -= request.Payload.Length;
        }

        _node.EpochFailed(Key, request.State.Epoch);
        _listener.Failed(error);
        Settle();
    }

    /// <summary>
    /// Writes all confirmed pages into the file, unsynced; a checkpoint of the log makes them durable. Safe beside the
    /// object's own thread.
    /// </summary>
    /// <exception cref="StorageException">The file could not be written; everything stays in memory and in the log.</exception>
    internal void Flush()
    {
        lock (_flushLock)
        {
            List<(uint, PageVersion)> pages = [];
            PageState target;
            LogPosition last;
            lock (_lock)
            {
                target = _confirmed;
                last = _confirmedPosition;
                if (_closed || target.Transaction == _flushed.Transaction)
                {
                    return;
                }

                _flushing = true;
                foreach (var (page, newest) in _overlay)
                {
                    if (page <= target.PageCount && ConfirmedVersion(newest, target.Transaction) is { } version)
                    {
                        pages.Add((page, version));
                    }
                }
            }

            try
            {
                pages.Sort(static (a, b) => a.Item1.CompareTo(b.Item1));
                _files.Write(target, last, pages, _filePageCount);
                lock (_lock)
                {
                    _flushing = false;
                    _flushed = target;
                    _filePageCount = target.PageCount;
                    Drop(target.Transaction);
                }
            }
            finally
            {
                lock (_lock)
                {
                    _flushing = false;
                }
            }
        }
    }

    private static PageVersion? ConfirmedVersion(PageVersion newest, ulong transaction)
    {
        PageVersion? at = newest;
        while (at is not null && at.Transaction > transaction)
        {
            at = at.Older;
        }

        return at;
    }

    /// <summary>Lets go of all versions up to a flushed transaction.</summary>
    private void Drop(ulong transaction)
    {
        List<uint>? gone = null;
        foreach (var (page, newest) in _overlay)
        {
            if (newest.Transaction <= transaction)
            {
                (gone ??= []).Add(page);
                Recycle(newest);
                continue;
            }

            for (var at = newest; at.Older is { } older; at = older)
            {
                if (older.Transaction <= transaction)
                {
                    Recycle(older);
                    at.Older = null;
                    break;
                }
            }
        }

        foreach (var page in gone ?? [])
        {
            _overlay.Remove(page);
        }
    }

    /// <summary>Adds a record found in the log after a crash. Records come in order; the file is brought up to the last one.</summary>
    internal void Redo(in LogRecordHeader header, LogPosition position, ReadOnlyMemory<byte> ltx, string source)
    {
        var reader = new LtxReader(source, ltx);
        lock (_lock)
        {
            var size = reader.Header.Commit;
            _checksums.Resize(Math.Max(size, _checksums.Count));
            var content = ArrayPool<byte>.Shared.Rent(IPageFile.PageSize);
            while (reader.ReadPage(content.AsSpan(0, IPageFile.PageSize), out var page))
            {
                _checksums[page] = LtxChecksum.OfPage(page, content.AsSpan(0, IPageFile.PageSize));
                Push(page, new PageVersion(header.Txid, content, _checksums[page]));
                content = ArrayPool<byte>.Shared.Rent(IPageFile.PageSize);
            }

            ArrayPool<byte>.Shared.Return(content);

            _checksums.Resize(size);
            foreach (var page in _overlay.Keys.Where(p => p > size).ToArray())
            {
                _overlay.Remove(page);
            }

            _state = _confirmed = new PageState(
                header.Txid, header.Epoch, size, reader.Trailer.PostApplyChecksum, header.TimestampMs, header.AlarmMs);
            _confirmedPosition = position;
            _stream.Last = position;
            _pageCount = size;
            Epoch = header.Epoch + 1;

            // The crash may have left the file at any length.
            _filePageCount = uint.MaxValue;
        }
    }

    /// <summary>Proves that file plus redone records are the state that the last record promises.</summary>
    internal void VerifyRedo()
    {
        if (_checksums.Combine() != _state.Checksum)
        {
            throw new StorageDamagedException(
                _files.PagesPath, 0, $"after redoing the log, the pages of {Key} do not add up to transaction {_state.Transaction}");
        }
    }

    /// <summary>Closes the files. What is not flushed stays in the log.</summary>
    internal void Close()
    {
        // A background flush must neither be cut off half way nor begin later, over what the next one to open writes.
        lock (_flushLock)
        {
            lock (_lock)
            {
                _closed = true;
            }

            _files.Dispose();
        }
    }

    /// <summary>Keeps this store's commits apart from those of an epoch that has failed.</summary>
    internal void RaiseEpoch(ulong failed) => Epoch = Math.Max(Epoch, failed + 1);

    /// <summary>True once a commit failed: only the confirmed state counts, and nothing may be committed any more.</summary>
    internal bool HasFailed
    {
        get
        {
            lock (_lock)
            {
                return _failed;
            }
        }
    }

    private sealed class CommitRequest : AppendRequest
    {
        private readonly PageStore _store;
        private readonly byte[] _buffer;

        public CommitRequest(PageStore store, PageState state, ArraySegment<byte> record)
        {
            _store = store;
            _buffer = record.Array!;
            State = state;
            Epoch = state.Epoch;
            Txid = state.Transaction;
            TimestampMs = state.TimestampMs;
            AlarmMs = state.AlarmMs;
            Payload = record;
        }

        public PageState State { get; }

        protected internal override void OnConfirmed(LogPosition position)
        {
            _store.OnConfirmed(this, position);
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        protected internal override void OnFailed(StorageException error)
        {
            _store.OnFailed(this, error);
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }
}
