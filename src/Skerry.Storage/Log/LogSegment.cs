namespace Skerry.Storage.Log;

/// <summary>
/// One file of the log. The writer's thread owns <see cref="End"/> and the times; the space ahead of the writer is
/// zeroed by another thread, and <see cref="Reserve"/> keeps the two apart.
/// </summary>
internal sealed class LogSegment(uint number, string path, LogFiles files)
{
    // Long enough that zeroing costs few syncs, short enough that a writer that has to wait for one does not notice.
    private const int ZeroBytes = 1 << 20;
    private static readonly byte[] Zeros = new byte[ZeroBytes];

    private readonly Lock _space = new();
    private readonly Lock _opening = new();
    private LogFile? _file;
    private long _preparedTo;
    private long _end = SegmentHeader.Block;
    private bool _sealed;
    private ulong _firstSequence;
    private ulong _lastSequence;

    public uint Number { get; } = number;

    public string Path { get; } = path;

    /// <summary>Seeds the segment's checksums.</summary>
    public ulong Salt { get; init; }

    /// <summary>False if the header block is illegible, and with it everything else.</summary>
    public bool IsLegible { get; init; } = true;

    /// <summary>The length up to which the file may grow.</summary>
    public long Capacity { get; set; }

    /// <summary>Where the next batch goes; the end of the last one that was synced.</summary>
    public long End
    {
        get => Volatile.Read(ref _end);
        set => Volatile.Write(ref _end, value);
    }

    /// <summary>The first record's number, if this run of the node has seen it; 0 if not.</summary>
    public ulong FirstSequence => Volatile.Read(ref _firstSequence);

    /// <summary>The last record's number, if this run of the node has seen it; 0 if not.</summary>
    public ulong LastSequence => Volatile.Read(ref _lastSequence);

    /// <summary>The first record's time; 0 for none.</summary>
    public long FirstTimestampMs { get; set; }

    /// <summary>The highest time of any record up to here; 0 for none.</summary>
    public long LastTimestampMs { get; set; }

    /// <summary>No batch may be added.</summary>
    public bool IsSealed => Volatile.Read(ref _sealed);

    /// <summary>The length up to which the file has space that holds zeros, or is the writer's.</summary>
    public long PreparedTo
    {
        get => Volatile.Read(ref _preparedTo);
        set => Volatile.Write(ref _preparedTo, value);
    }

    /// <summary>The open file; opens it if it was closed.</summary>
    /// <exception cref="IOException">It cannot be opened, or was removed.</exception>
    public LogFile File
    {
        get
        {
            if (Volatile.Read(ref _file) is { } file)
            {
                return file;
            }

            lock (_opening)
            {
                return _file ??= files.Open(Path, FileMode.Open);
            }
        }
    }

    /// <summary>These records are in the segment, after all others.</summary>
    public void NoteRecords(ulong first, ulong last)
    {
        if (_firstSequence == 0)
        {
            Volatile.Write(ref _firstSequence, first);
        }

        Volatile.Write(ref _lastSequence, last);
    }

    /// <summary>Closes the file; a later use opens it again.</summary>
    public void Close()
    {
        lock (_opening)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    /// <summary>Claims the space up to <paramref name="end"/> for a batch; afterwards nothing but the batch is written there.</summary>
    public void Reserve(long end)
    {
        if (end <= PreparedTo)
        {
            return;
        }

        lock (_space)
        {
            PreparedTo = Math.Max(PreparedTo, end);
        }
    }

    /// <summary>Takes no more batches, and gives back the space after the last one.</summary>
    public void Seal()
    {
        lock (_space)
        {
            Volatile.Write(ref _sealed, true);
        }

        if (File.Length > End)
        {
            File.SetLength(End);
        }
    }

    /// <summary>
    /// Writes zeros over the next piece of the file, through <paramref name="file"/>: a handle of its own, for the
    /// system tells each handle once of a failed write, and one that concerns a batch must reach the writer.
    /// </summary>
    /// <returns>False if there is nothing left to prepare.</returns>
    public bool Prepare(LogFile file)
    {
        lock (_space)
        {
            var from = PreparedTo;
            if (_sealed || from >= Capacity)
            {
                return false;
            }

            var bytes = (int)Math.Min(ZeroBytes - (from % ZeroBytes), Capacity - from);
            file.Write(Zeros.AsSpan(0, bytes), from);
            file.Sync();
            PreparedTo = from + bytes;
            return PreparedTo < Capacity;
        }
    }

    /// <summary>Overwrites everything from <paramref name="from"/> that is not zero; answers whether there was anything.</summary>
    public bool ClearFrom(long from)
    {
        var buffer = new byte[Math.Clamp(File.Length - from, 1, ZeroBytes)];
        var found = false;
        int read;
        for (var offset = from; (read = File.Read(buffer, offset)) > 0; offset += read)
        {
            if (buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                File.Write(Zeros.AsSpan(0, read), offset);
                found = true;
            }
        }

        if (found)
        {
            File.Sync();
        }

        return found;
    }

    public LogSegmentInfo ToInfo() => new(Number, End, FirstTimestampMs, LastTimestampMs, Path);
}
