namespace Skerry.Objects.History;

/// <summary>
/// The files of exports that are under way on this node, in the folder <c>exports</c> of its data folder: few at a time,
/// for each is a whole database on the disk until its reader has it. Thread-safe.
/// </summary>
internal sealed class Exports
{
    /// <summary>How many are under way at a time. Each reads as fast as the disk allows, so more would not be faster.</summary>
    public const int AtOnceMax = 4;

    private readonly string _folder;
    private int _underWay;

    /// <summary>Removes what a process has left that was killed.</summary>
    /// <param name="dataFolder">The data folder, which this process holds.</param>
    public Exports(string dataFolder)
    {
        _folder = Path.Combine(dataFolder, "exports");
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>A place for one file; disposing of it removes the file.</summary>
    /// <exception cref="DurableObjectException">Enough are under way.</exception>
    public Place Begin()
    {
        if (Interlocked.Increment(ref _underWay) > AtOnceMax)
        {
            Interlocked.Decrement(ref _underWay);
            throw new DurableObjectException("overloaded", $"{AtOnceMax} exports are under way on the object's node already; try again when one of them has ended.")
            { Retryable = true, Overloaded = true };
        }

        Directory.CreateDirectory(_folder);
        return new Place(this, Path.Combine(_folder, $"{Guid.NewGuid():n}.sqlite"));
    }

    /// <summary>See <see cref="Begin"/>.</summary>
    internal sealed class Place(Exports exports, string path) : IDisposable
    {
        /// <summary>Where the file goes.</summary>
        public string Path => path;

        /// <inheritdoc/>
        public void Dispose()
        {
            Interlocked.Decrement(ref exports._underWay);
            File.Delete(path);
        }
    }
}
