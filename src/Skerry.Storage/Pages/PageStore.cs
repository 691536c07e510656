using System.Buffers;
using Skerry.Storage.Log;
using Skerry.Storage.Ltx;
using Skerry.Storage.Sqlite;

namespace Skerry.Storage.Pages;

/// <summary>
/// The pages of one open database: the file, over it the committed pages that are not in the file yet, over those the
/// pages of the running commit. <see cref="Commit"/> makes one log record of the running commit.
/// </summary>
/// <remarks>
/// <para>Threads: the <see cref="IPageFile"/> members, <see cref="Commit"/> and <see cref="DiscardPending"/> belong to
/// the object's loop. The log's writer confirms, a background thread flushes; what they share is under <c>_lock</c>.</para>
/// <para>Nothing unconfirmed reaches the file, so dropping this object is an abort to the last confirmed state.</para>
/// </remarks>
public sealed partial class PageStore : IPageFile
{
    private readonly NodeStorage _node;
    private readonly DatabaseFiles _files;
    private readonly LogStream _stream;
    private readonly PageChecksums _checksums;
    private readonly IConfirmationListener _listener;
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, PageVersion> _overlay = [];
    private readonly SortedList<uint, byte[]> _pending = [];
    private byte[]? _verify;
    private PageState _state;
    private PageState _confirmed;
    private LogPosition _confirmedPosition;
    private PageState _flushed;
    private uint _pageCount;

    // The pages of the newest commit that the running one has not cut off; a page beyond them that is not pending is zeros.
    private uint _kept;
    private uint _filePageCount;
    private long _unconfirmedBytes;

    internal PageStore(
        NodeStorage node, ObjectKey key, DatabaseFiles files, LogStream stream, PageState state, PageChecksums checksums,
        IConfirmationListener listener)
    {
        _node = node;
        _files = files;
        _stream = stream;
        _state = _confirmed = _flushed = state;
        _checksums = checksums;
        _listener = listener;
        _confirmedPosition = stream.Last;
        _pageCount = _kept = state.PageCount;
        _filePageCount = state.PageCount;
        Key = key;
        Epoch = state.Epoch + 1;
    }

    /// <summary>The object.</summary>
    public ObjectKey Key { get; }

    /// <summary>The epoch of the commits made through this store: one more than the last that wrote.</summary>
    public ulong Epoch { get; private set; }

    /// <summary>The state after the newest commit, confirmed or not.</summary>
    public PageState State => _state;

    /// <summary>The newest confirmed state.</summary>
    public PageState Confirmed
    {
        get
        {
            lock (_lock)
            {
                return _confirmed;
            }
        }
    }

    /// <summary>Bytes of records on their way to confirmation: what back-pressure is measured by.</summary>
    public long UnconfirmedBytes => Volatile.Read(ref _unconfirmedBytes);

    /// <summary>True if <see cref="Commit"/> would have something to commit.</summary>
    public bool HasPending => _pending.Count > 0 || _pageCount != _state.PageCount;

    /// <inheritdoc/>
    public uint PageCount => _pageCount;

    /// <inheritdoc/>
    public void Read(uint page, int offset, Span<byte> buffer)
    {
        if (_pending.Count > 0 && _pending.TryGetValue(page, out var pending))
        {
            pending.AsSpan(offset, buffer.Length).CopyTo(buffer);
            return;
        }

        if (page > _kept)
        {
            buffer.Clear();
            return;
        }

        lock (_lock)
        {
            if (_overlay.TryGetValue(page, out var version))
            {
                version.Content.AsSpan(offset, buffer.Length).CopyTo(buffer);
                return;
            }
        }

        if (buffer.Length == IPageFile.PageSize)
        {
            ReadVerified(page, buffer);
            return;
        }

        ReadVerified(page, _verify ??= new byte[IPageFile.PageSize]);
        _verify.AsSpan(offset, buffer.Length).CopyTo(buffer);
    }

    private void ReadVerified(uint page, Span<byte> content)
    {
        if (page == PageChecksums.LockPage)
        {
            content.Clear();
            return;
        }

        _files.ReadPage(page, content);
        if (LtxChecksum.OfPage(page, content) != _checksums[page])
        {
            _node.PageDamaged(Key);
            throw new StorageDamagedException(
                _files.DatabasePath, (long)(page - 1) * IPageFile.PageSize, $"page {page} of {Key} does not match its checksum");
        }
    }

    /// <inheritdoc/>
    public void Write(uint page, ReadOnlySpan<byte> content)
    {
        if (!_pending.TryGetValue(page, out var buffer))
        {
            buffer = ArrayPool<byte>.Shared.Rent(IPageFile.PageSize);
            _pending.Add(page, buffer);
        }

        content.CopyTo(buffer);
        _pageCount = Math.Max(_pageCount, page);
    }

    /// <inheritdoc/>
    public void Truncate(uint pages)
    {
        while (_pending.Count > 0 && _pending.Keys[^1] > pages)
        {
            ArrayPool<byte>.Shared.Return(_pending.Values[^1]);
            _pending.RemoveAt(_pending.Count - 1);
        }

        // A page between the old end and the new one that SQLite leaves out is a page of zeros.
        _pageCount = pages;
        _kept = Math.Min(_kept, pages);
    }

    /// <summary><see cref="Write"/>, unless the page has that content already.</summary>
    internal void WriteIfChanged(uint page, ReadOnlySpan<byte> content)
    {
        if (page > _kept || LtxChecksum.OfPage(page, content) != _checksums[page])
        {
            Write(page, content);
        }
    }

    /// <summary>Forgets what was written since the last commit.</summary>
    public void DiscardPending()
    {
        foreach (var buffer in _pending.Values)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _pending.Clear();
        _pageCount = _kept = _state.PageCount;
    }

    /// <summary>
    /// Commits what was written: appends one record to the node's log and answers at once. The listener hears of the
    /// confirmation.
    /// </summary>
    /// <param name="alarmMs">The object's alarm after this transaction, Unix milliseconds; 0 for none.</param>
    /// <returns>The transaction's number.</returns>
    /// <exception cref="StorageException">The transaction is too large, or the disk has been full for so long that no more can be held in memory.</exception>
    public ulong Commit(long alarmMs)
    {
        _node.CheckWritable(this, _pending.Count);
        for (var page = _kept + 1; page <= _pageCount; page++)
        {
            if (page != PageChecksums.LockPage && !_pending.ContainsKey(page))
            {
                var zeros = ArrayPool<byte>.Shared.Rent(IPageFile.PageSize);
                zeros.AsSpan(0, IPageFile.PageSize).Clear();
                _pending.Add(page, zeros);
            }
        }

        var before = _state;
        var transaction = before.Transaction + 1;
        var rolling = before.Checksum;
        for (var page = _pageCount + 1; page <= before.PageCount; page++)
        {
            rolling ^= _checksums[page];
        }

        _checksums.Resize(Math.Max(_pageCount, before.PageCount));
        var pages = _pending.Count;
        for (var i = 0; i < pages; i++)
        {
            var page = _pending.Keys[i];
            var sum = LtxChecksum.OfPage(page, _pending.Values[i].AsSpan(0, IPageFile.PageSize));
            rolling ^= _checksums[page] ^ sum;
            _checksums[page] = sum;
        }

        _checksums.Resize(_pageCount);
        var after = new PageState(
            transaction, Epoch, _pageCount, rolling | LtxChecksum.Flag, _node.NextTimestamp(before.TimestampMs), alarmMs);
        var record = _node.Encode(before, after, _pending);
        lock (_lock)
        {
            for (var i = 0; i < pages; i++)
            {
                Push(_pending.Keys[i], new PageVersion(transaction, _pending.Values[i], _checksums[_pending.Keys[i]]));
            }

            _state = after;
            _unconfirmedBytes += record.Count;
            _inFlight++;
        }

        _pending.Clear();
        _kept = _pageCount;
        _node.Append(new CommitRequest(this, after, record) { Stream = _stream });
        return transaction;
    }

    /// <summary>Puts a version on top of its page's list and lets go of those that nothing can fall back to any more.</summary>
    private void Push(uint page, PageVersion version)
    {
        if (_overlay.TryGetValue(page, out var newest))
        {
            version.Older = newest;
            for (var at = newest; at is not null; at = at.Older)
            {
                if (at.Transaction <= _confirmed.Transaction)
                {
                    Recycle(at.Older);
                    at.Older = null;
                }
            }
        }

        _overlay[page] = version;
    }

    // A reader copies under the lock and a flush holds versions no newer than its own, so an unlinked buffer is free.
    private void Recycle(PageVersion? version)
    {
        for (; version is not null && !_flushing; version = version.Older)
        {
            ArrayPool<byte>.Shared.Return(version.Content);
        }
    }
}
