namespace Skerry.Storage;

/// <summary>
/// An operational failure of storage: a full disk, a failed write, a folder that cannot be used. The message names
/// the operation, the file and what to do.
/// </summary>
public class StorageException : Exception
{
    public StorageException(string message)
        : base(message)
    {
    }

    public StorageException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}
