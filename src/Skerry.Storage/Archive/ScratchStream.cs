namespace Skerry.Storage.Archive;

/// <summary>
/// Room for something that is needed once: memory, or a file without a name that lasts if it is too large for that.
/// </summary>
internal static class ScratchStream
{
    private const long MemoryBytesMax = 8 << 20;

    /// <summary>Opens room for about so many bytes.</summary>
    /// <exception cref="StorageException">There is no place for it.</exception>
    public static Stream Open(string folder, long bytes)
    {
        if (bytes <= MemoryBytesMax)
        {
            return new MemoryStream((int)bytes);
        }

        try
        {
            Directory.CreateDirectory(folder);
            return new FileStream(
                Path.Combine(folder, $"skerry-{Path.GetRandomFileName()}.tmp"),
                new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose, BufferSize = 64 << 10 });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"A snapshot of {bytes} bytes cannot be put together in {folder}: {e.Message}", e);
        }
    }
}
