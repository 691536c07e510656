using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Log;

/// <summary>
/// A node's log: one file sequence to which the commits of all its objects are appended, and the place where a write
/// becomes durable. Records that wait are written together and synced once. All members may be used from any thread.
/// <para>
/// After a crash, replay yields every confirmed record and possibly some that were never confirmed: those that were
/// written but not answered, and those that were answered as failed although the disk kept them. Of one object, a
/// record of a higher epoch supersedes all records of lower epochs with the same or a greater transaction id; whoever
/// replays has to apply that.
/// </para>
/// </summary>
public sealed class NodeLog : IConfirmedRecords, IAsyncDisposable
{
    private readonly SegmentFolder _folder;
    private readonly SegmentPreparer _preparer;
    private readonly AppendQueue _queue;
    private readonly LogWriter _writer;
    private readonly bool _isSpool;
    private int _disposed;

    private NodeLog(NodeLogOptions options, SegmentFolder folder, LogScanResult found, ILogRelay? relay, TimeProvider time, ILogger logger)
    {
        _folder = folder;
        _preparer = new SegmentPreparer(folder, time, logger);
        if (found.Next is { } next)
        {
            _preparer.Adopt(next);
        }

        _isSpool = relay is not null;
        Damage = found.Damage;
        _queue = new AppendQueue(options.QueueBytesMax);
        _writer = new LogWriter(options, _queue, folder, _preparer, found, relay, time, logger);
        _writer.Start();
    }

    /// <summary>
    /// What recovery found damaged. The log itself goes on; whoever opened it must not serve an object whose records
    /// are lost, and should not start if records of unknown objects are. Empty in a healthy log.
    /// </summary>
    public IReadOnlyList<LogDamage> Damage { get; }

    /// <summary>Where the log ends: every confirmed record is before it, and every later one will be after it. A checkpoint taken here replays exactly the later ones.</summary>
    public LogPosition End => _writer.End;

    /// <summary>
    /// A position up to which every record is confirmed and every <see cref="AppendRequest.OnConfirmed"/> has returned.
    /// A checkpoint must not pass it: whoever is told of a record only afterwards could not have saved it yet.
    /// </summary>
    public LogPosition ConfirmedEnd => _writer.ConfirmedEnd;

    /// <inheritdoc/>
    public ulong ConfirmedSequence => _writer.Confirmed;

    /// <summary>
    /// Records after this one are not in the bucket yet: segments that hold any of them are not removed. By default
    /// nothing is held back, for there may be no bucket.
    /// </summary>
    public ulong UploadedTo { get; private set; } = ulong.MaxValue;

    /// <summary>Bytes of requests that are neither confirmed nor failed, with 256 counted for each beside its payload.</summary>
    public long QueuedBytes => _queue.Bytes;

    /// <summary>Bytes written since <see cref="Open"/>, with headers and padding.</summary>
    public long BytesAppended => _writer.BytesAppended;

    /// <summary>Batches with records that were synced since <see cref="Open"/>.</summary>
    public long Batches => _writer.Batches;

    /// <summary>Empty batches, which mark the one before as complete, since <see cref="Open"/>.</summary>
    public long Markers => _writer.Markers;

    /// <summary>Records confirmed since <see cref="Open"/>.</summary>
    public long Records => _writer.Records;

    /// <summary>Batches that failed since <see cref="Open"/>.</summary>
    public long Failures => _writer.Failures;

    /// <summary>How long the last sync took.</summary>
    public TimeSpan LastSyncDuration => _writer.LastSyncDuration;

    /// <summary>Why the log could not be written when that was last tried, which is about once a second; null if it could.</summary>
    public StorageException? Trouble => _writer.Trouble;

    /// <summary>The files, by number. A snapshot.</summary>
    public IReadOnlyList<LogSegmentInfo> Segments => [.. _folder.Segments.Select(segment => segment.ToInfo())];

    /// <summary>
    /// Opens the log in a folder, replays what is there, cuts the torn end of a crash, and is then ready to append. It
    /// needs no free space: what a full disk refuses is the first append.
    /// </summary>
    /// <param name="options">Where, and how large.</param>
    /// <param name="checkpoint">An earlier <see cref="End"/>: only records after it are replayed and verified. <c>default</c> replays all that is retained.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where the log tells what happens.</param>
    /// <param name="replay">Gets every record in the order of appending, on the calling thread. What it throws ends the opening.</param>
    /// <exception cref="StorageException">The folder cannot be read or written, or is of a newer version.</exception>
    public static NodeLog Open(NodeLogOptions options, LogPosition checkpoint, TimeProvider time, ILogger logger, Action<LogEntry> replay)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentNullException.ThrowIfNull(replay);
        options.Validate();
        return Open(options, checkpoint, null, time, logger, replay);
    }

    /// <summary>Opens an empty log that is not synced: <paramref name="relay"/> decides when a record is confirmed.</summary>
    /// <exception cref="StorageException">The folder cannot be read or written.</exception>
    internal static NodeLog OpenSpool(NodeLogOptions options, ILogRelay relay, TimeProvider time, ILogger logger)
    {
        options.Validate();
        return options.Synced
            ? throw new ArgumentException($"A spool is not synced; {nameof(options.Synced)} must be false.", nameof(options))
            : Open(options, default, relay, time, logger, static _ => { });
    }

    private static NodeLog Open(
        NodeLogOptions options, LogPosition checkpoint, ILogRelay? relay, TimeProvider time, ILogger logger, Action<LogEntry> replay)
    {
        SegmentFolder? folder = null;
        try
        {
            folder = new SegmentFolder(options, time);
            var found = new LogScanner(folder, checkpoint, replay, logger).Run();
            var log = new NodeLog(options, folder, found, relay, time, logger);
            NodeLogMessages.Opened(logger, options.Folder, found.Records, folder.Segments.Length, found.End);
            return log;
        }
        catch (Exception error)
        {
            folder?.Close();
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"The log in {options.Folder} cannot be opened: {error.Message}. Check the folder's permissions and the disk.", error);
            }

            throw;
        }
    }

    /// <summary>
    /// Takes a record; never waits for the disk. The outcome comes through the request: on the writer's thread in the
    /// order of appending, or, if the log is closed or overloaded or an earlier record of the same object and epoch
    /// was turned away for that, at once on this thread.
    /// </summary>
    /// <exception cref="ArgumentException">The namespace's name is longer than 64 bytes.</exception>
    public void Append(AppendRequest request) => Append(request, borrow: false);

    /// <summary>
    /// As <see cref="Append(AppendRequest)"/>; but if nothing else is being written, the caller has the writer's role now,
    /// and must call <see cref="WriteBorrowed"/>: then no other thread has to wake.
    /// </summary>
    internal bool AppendOrBorrow(AppendRequest request) => Append(request, borrow: true);

    /// <summary>Writes and syncs on this thread what waits, and tells the outcomes.</summary>
    internal void WriteBorrowed() => _writer.RunBorrowed();

    private bool Append(AppendRequest request, bool borrow)
    {
        ArgumentNullException.ThrowIfNull(request);
        var name = request.Stream.Key.Namespace;
        if (name.Length > RecordHeader.NameBytesMax || Encoding.UTF8.GetByteCount(name) > RecordHeader.NameBytesMax)
        {
            throw new ArgumentException($"The namespace's name '{name}' is longer than {RecordHeader.NameBytesMax} bytes.", nameof(request));
        }

        if (_queue.TryAdd(request, borrow, out var borrowed) is { } refusal)
        {
            request.OnFailed(refusal);
        }

        return borrowed;
    }

    /// <summary>Reads one retained record, verified. Its payload is the caller's.</summary>
    /// <exception cref="StorageDamagedException">What is there does not match its checksum.</exception>
    /// <exception cref="StorageException">The segment was removed, the position is not in the log, or the disk fails.</exception>
    public LogEntry Read(LogPosition position)
    {
        var end = End;
        if (position.IsNone || position >= end)
        {
            throw new StorageException($"The log has no record at {position}; it ends at {end}.");
        }

        return RecordReader.Read(_folder, position);
    }

    /// <summary>The number of the oldest segment that is retained.</summary>
    public uint FirstSegment => _folder.Segments is [var first, ..] ? first.Number : 1;

    /// <summary>The headers of one retained segment's records, in the order of appending. Payloads are not read.</summary>
    /// <exception cref="StorageDamagedException">A header does not match its checksum.</exception>
    /// <exception cref="StorageException">The segment was removed.</exception>
    public IEnumerable<(LogRecordHeader Header, LogPosition Position)> ReadHeaders(uint segment)
    {
        var found = _folder[segment] ?? throw new StorageException($"The log does not retain segment {segment} any more.");
        using var file = _folder.OpenAgain(found);
        foreach (var record in SegmentHeaders.Read(found, file, found.End))
        {
            yield return record;
        }
    }

    /// <summary>
    /// Removes every segment before <paramref name="segment"/>, oldest first; the segment in which the log ends stays
    /// in any case. Reads that are under way may fail as if they had come later.
    /// </summary>
    /// <exception cref="StorageException">A file cannot be removed; later calls try again.</exception>
    public void RemoveSegmentsBefore(uint segment)
    {
        var keep = Math.Min(segment, End.Segment);
        if (UploadedTo != ulong.MaxValue && LogTail.SegmentOf(_folder, UploadedTo + 1) is { } needed)
        {
            keep = Math.Min(keep, needed.Number);
        }

        try
        {
            _folder.Remove(other => other.Number < keep);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Segments of the log before {_folder.PathOf(keep)} cannot be removed: {error.Message}", error);
        }
    }

    /// <summary>
    /// The batches that hold records from <paramref name="from"/> on, up to the end at the time of the call, verified. A
    /// frame's body is valid until the next one is asked for.
    /// </summary>
    /// <exception cref="StorageDamagedException">What is there does not match its checksum.</exception>
    /// <exception cref="StorageException">The record was removed, or the disk fails.</exception>
    public IEnumerable<Frame> ReadFrames(ulong from) => LogTail.ReadFrames(_folder, from, End, reuse: true);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ArchivedRecord> ReadAsync(ulong fromSequence, [EnumeratorCancellation] CancellationToken cancel)
    {
        var next = fromSequence;
        while (next <= ConfirmedSequence)
        {
            var before = next;
            using var frames = LogTail.ReadFrames(_folder, next, End, reuse: false).GetEnumerator();

            // Off the caller's thread: it may be one that must not wait for a disk.
            while (await Task.Run(frames.MoveNext, cancel).ConfigureAwait(false))
            {
                foreach (var record in FrameReader.Read(frames.Current))
                {
                    if (record.Sequence > ConfirmedSequence)
                    {
                        yield break;
                    }

                    if (record.Sequence >= next)
                    {
                        yield return record;
                    }
                }

                next = frames.Current.Last + 1;
            }

            if (next == before)
            {
                // What is confirmed beyond has failed: its numbers are not in any batch.
                yield break;
            }
        }
    }

    /// <inheritdoc/>
    public Task WaitBeyondAsync(ulong sequence, CancellationToken cancel) => _writer.WaitBeyondAsync(sequence, cancel);

    /// <summary>
    /// Records up to <paramref name="upTo"/> are in the bucket. A spool removes the segments that hold nothing else; a
    /// log of one copy keeps them until <see cref="RemoveSegmentsBefore"/>, but not less.
    /// </summary>
    /// <param name="upTo">0 when there is a bucket, and nothing is known to be in it yet.</param>
    /// <exception cref="StorageException">A file cannot be removed; later calls try again.</exception>
    public void Uploaded(ulong upTo)
    {
        UploadedTo = UploadedTo == ulong.MaxValue ? upTo : Math.Max(UploadedTo, upTo);
        if (!_isSpool)
        {
            return;
        }

        try
        {
            var current = End.Segment;
            _folder.Remove(segment => segment.Number < current && segment.LastSequence <= UploadedTo);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Segments of the spool before {_folder.PathOf(End.Segment)} cannot be removed: {error.Message}", error);
        }
        finally
        {
            _writer.CheckSpace();
        }
    }

    /// <summary>Takes no record from now on, for this reason.</summary>
    internal void Refuse(StorageException reason) => _writer.Refuse(reason);

    /// <summary>Ends the current segment: the next record goes to a new one, so that the old one can be removed or copied whole.</summary>
    public void Seal() => _writer.RequestSeal();

    /// <summary>Writes what waits, marks the end as complete, and closes. Appending afterwards fails.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _queue.Close();
        await _writer.StopAsync();
        await _preparer.StopAsync();
        _folder.Close();
    }
}
