using Microsoft.Extensions.Logging;
using Skerry.Storage.Log;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>
/// What a node stores for others, in its data folder. If records of it are lost, the node cannot say any more what it has
/// acknowledged and what it has sealed, and its word would count in a takeover all the same. So it is another node from
/// then on, with nothing stored: whoever asks for the old one gets no answer, as if its disk had burnt.
/// </summary>
internal static partial class FollowedFolder
{
    /// <summary>Opens the store. The node's id may be another one afterwards.</summary>
    /// <exception cref="StorageException">The folder cannot be read or written.</exception>
    public static FollowerStore Open(string dataFolder, TimeSpan lease, TimeProvider time, ILogger logger)
    {
        var options = new FollowerStoreOptions { Folder = Path.Combine(dataFolder, "followed"), LeaseDuration = lease };
        var store = FollowerStore.Open(options, time, logger);
        if (store.Damage.FirstOrDefault(static one => one.RecordsLost) is not { } damage)
        {
            return store;
        }

        store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        try
        {
            // In this order: an empty store under the old id is what must never be.
            var id = NodeIdentity.Renew(dataFolder);
            var aside = Enumerable.Range(1, int.MaxValue).Select(i => $"{options.Folder}.damaged-{i}").First(static path => !Directory.Exists(path));
            Directory.Move(options.Folder, aside);
            DiskSync.Folder(dataFolder);
            LogLost(logger, damage.Path, damage.Offset, damage.Message, id.ToString(), aside);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The damaged folder {options.Folder} cannot be put aside: {e.Message}", e);
        }

        return FollowerStore.Open(options, time, logger);
    }

    [LoggerMessage(1444, LogLevel.Critical, "What this node stored for others is damaged: {Path} at byte {Offset}: {What}. The node goes on as a new one, {Id}, as if its disk had been replaced; the damaged files are in {Aside}. Check the disk.")]
    private static partial void LogLost(ILogger logger, string path, long offset, string what, string id, string aside);
}
