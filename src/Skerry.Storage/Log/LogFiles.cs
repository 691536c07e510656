namespace Skerry.Storage.Log;

/// <summary>How the log opens, names and removes its files.</summary>
internal class LogFiles
{
    /// <summary>Creates (<see cref="FileMode.CreateNew"/>) or opens a file for reading and writing.</summary>
    public virtual LogFile Open(string path, FileMode mode) => new DiskLogFile(path, mode);

    /// <summary>Gives a synced file its final name; only <see cref="SyncFolder"/> makes that last.</summary>
    public virtual void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    /// <summary>Removes a file, if it is there.</summary>
    public virtual void Delete(string path) => File.Delete(path);

    /// <summary>Makes created, renamed and removed names last.</summary>
    public virtual void SyncFolder(string folder) => DiskSync.Folder(folder);
}
