namespace Skerry.Storage.Relay.Sessions;

/// <summary>
/// The marks of which the bucket may have one, as the data folder knows them; a seam: a file in a process.
/// </summary>
public interface IFolderMarks
{
    /// <summary>The folder, for messages.</summary>
    string Folder { get; }

    /// <summary>The marks; none before the first session.</summary>
    /// <exception cref="StorageException">They cannot be read.</exception>
    Task<IReadOnlyList<FolderMark>> ReadAsync(CancellationToken cancel);

    /// <summary>Replaces them; durable when this completes.</summary>
    /// <exception cref="StorageException">They cannot be written; the old ones stay.</exception>
    Task WriteAsync(IReadOnlyList<FolderMark> marks, CancellationToken cancel);
}
