using System.Globalization;

namespace Skerry.Storage.Log;

/// <summary>
/// The log's files: finds, creates, and removes them. A segment is written under another name first, so that
/// one under its own name always has its header. The list is replaced, never changed: any thread may read it; the
/// writer creates, and one thread at a time removes.
/// </summary>
internal sealed class SegmentFolder
{
    // Older segments are read for history alone, and opened for each read: a month of history must not hold thousands of handles.
    private const int OpenSegmentsMax = 64;
    private const string Extension = ".log";
    private const string Unfinished = ".new";
    private const string Spare = ".spare";

    private readonly NodeLogOptions _options;
    private readonly LogFiles _files;
    private readonly TimeProvider _time;
    private readonly Lock _changing = new();
    private readonly Queue<string> _spares = [];
    private LogSegment[] _segments;

    public SegmentFolder(NodeLogOptions options, TimeProvider time)
    {
        _options = options;
        _files = options.Files;
        _time = time;
        CreateFolder(System.IO.Path.GetFullPath(options.Folder));
        _segments = Find();
    }

    /// <summary>All segments by number.</summary>
    public LogSegment[] Segments => Volatile.Read(ref _segments);

    /// <summary>The segment with this number; null if there is none.</summary>
    public LogSegment? this[uint number]
    {
        get
        {
            var segments = Segments;
            var (low, high) = (0, segments.Length - 1);
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                if (segments[middle].Number == number)
                {
                    return segments[middle];
                }

                (low, high) = segments[middle].Number < number ? (middle + 1, high) : (low, middle - 1);
            }

            return null;
        }
    }

    /// <summary>Where the segment of this number is, or would be.</summary>
    public string PathOf(uint number) =>
        System.IO.Path.Combine(_options.Folder, number.ToString("x8", CultureInfo.InvariantCulture) + Extension);

    /// <summary>Creates a segment with nothing but its header, durably; it is not in the list until <see cref="Add"/>.</summary>
    /// <exception cref="IOException">There is no space, or no permission; nothing is left behind.</exception>
    public LogSegment Create(uint number)
    {
        var path = PathOf(number);
        var header = new SegmentHeader(number, _options.Salt(), _time.GetUtcNow().ToUnixTimeMilliseconds());
        var written = (long)SegmentHeader.Block;
        try
        {
            // What an old file holds was written with another salt: for this segment it is as good as zeros.
            var reused = TakeSpare(path + Unfinished);
            using (var file = _files.Open(path + Unfinished, reused ? FileMode.Open : FileMode.Create))
            {
                written = reused ? Math.Max(written, file.Length & -SegmentHeader.Block) : written;
                var block = new byte[SegmentHeader.Block];
                header.Write(block);
                file.Write(block, 0);
                if (_options.Synced)
                {
                    file.Sync();
                }
            }

            _files.Rename(path + Unfinished, path);
            if (_options.Synced)
            {
                _files.SyncFolder(_options.Folder);
            }
        }
        catch (IOException)
        {
            _files.Delete(path + Unfinished);
            _files.Delete(path);
            throw;
        }

        return new LogSegment(number, path, _files)
        {
            Salt = header.Salt,
            Capacity = _options.SegmentBytes,
            PreparedTo = Math.Min(written, _options.SegmentBytes),
        };
    }

    /// <summary>Puts a new segment at the list's end.</summary>
    public void Add(LogSegment segment)
    {
        lock (_changing)
        {
            var segments = Segments;
            if (segments.Length >= OpenSegmentsMax)
            {
                segments[^OpenSegmentsMax].Close();
            }

            Volatile.Write(ref _segments, [.. segments, segment]);
        }
    }

    /// <summary>Takes a segment from the list without removing its file.</summary>
    public void Detach(LogSegment segment)
    {
        lock (_changing)
        {
            Volatile.Write(ref _segments, [.. Segments.Where(other => other != segment)]);
        }
    }

    /// <summary>Removes the segments that <paramref name="select"/> names, oldest first.</summary>
    public void Remove(Func<LogSegment, bool> select)
    {
        lock (_changing)
        {
            var gone = Segments.Where(select).ToArray();
            if (gone.Length == 0)
            {
                return;
            }

            Volatile.Write(ref _segments, [.. Segments.Except(gone)]);
            foreach (var segment in gone)
            {
                segment.Close();
                Discard(segment);
            }

            if (_options.Synced)
            {
                _files.SyncFolder(_options.Folder);
            }
        }
    }

    private void Discard(LogSegment segment)
    {
        if (_spares.Count >= _options.SparesMax)
        {
            _files.Delete(segment.Path);
            return;
        }

        _files.Rename(segment.Path, segment.Path + Spare);
        _spares.Enqueue(segment.Path + Spare);
    }

    private bool TakeSpare(string path)
    {
        lock (_changing)
        {
            if (!_spares.TryDequeue(out var spare))
            {
                return false;
            }

            _files.Rename(spare, path);
            return true;
        }
    }

    /// <summary>A handle of its own to a segment's file.</summary>
    public LogFile OpenAgain(LogSegment segment) => _files.Open(segment.Path, FileMode.Open);

    /// <summary>True if the segment's handle stays open between reads.</summary>
    public bool KeepsOpen(LogSegment segment)
    {
        var segments = Segments;
        return segments.Length < OpenSegmentsMax || segment.Number >= segments[^OpenSegmentsMax].Number;
    }

    /// <summary>Closes every file.</summary>
    public void Close()
    {
        foreach (var segment in Segments)
        {
            segment.Close();
        }
    }

    /// <summary>Creates the folder and its ancestors so that they last: a lost folder is a lost log.</summary>
    private void CreateFolder(string path)
    {
        if (Directory.Exists(path) || System.IO.Path.GetDirectoryName(path) is not { } parent)
        {
            return;
        }

        CreateFolder(parent);
        Directory.CreateDirectory(path);
        _files.SyncFolder(parent);
    }

    private LogSegment[] Find()
    {
        foreach (var unfinished in Directory.EnumerateFiles(_options.Folder, "*" + Extension + Unfinished))
        {
            _files.Delete(unfinished);
        }

        foreach (var spare in Directory.EnumerateFiles(_options.Folder, "*" + Extension + Spare))
        {
            if (_spares.Count < _options.SparesMax)
            {
                _spares.Enqueue(spare);
            }
            else
            {
                _files.Delete(spare);
            }
        }

        var found = new List<LogSegment>();
        foreach (var path in Directory.EnumerateFiles(_options.Folder, "*" + Extension))
        {
            var name = System.IO.Path.GetFileNameWithoutExtension(path);
            if (!_options.Synced)
            {
                // Nothing of an earlier run is worth anything: what it confirmed is elsewhere.
                _files.Delete(path);
            }
            else if (name.Length == 8 && uint.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && number > 0)
            {
                found.Add(OpenExisting(number, path));
            }
        }

        return [.. found.OrderBy(segment => segment.Number)];
    }

    private LogSegment OpenExisting(uint number, string path)
    {
        using var file = _files.Open(path, FileMode.Open);
        var block = new byte[SegmentHeader.Block];
        var legible = file.Read(block, 0) == block.Length & SegmentHeader.TryRead(block, number, path, out var header);
        return new LogSegment(number, path, _files)
        {
            Salt = header.Salt,
            IsLegible = legible,
            Capacity = Math.Max(_options.SegmentBytes, file.Length),
            PreparedTo = Math.Max(file.Length, SegmentHeader.Block),
            End = file.Length,
        };
    }
}
