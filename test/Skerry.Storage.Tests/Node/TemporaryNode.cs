using Microsoft.Extensions.Logging.Abstractions;

namespace Skerry.Storage.Tests.Node;

/// <summary>A data folder in memory where there is one, for nothing here depends on a real disk's syncs.</summary>
internal sealed class TemporaryNode : IDisposable
{
    public TemporaryNode()
    {
        Folder = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"skerry-{Guid.NewGuid():n}");
        Directory.CreateDirectory(Folder);
    }

    public string Folder { get; set; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Opens the folder with small segments; checkpoints only when asked for.</summary>
    public NodeStorage Open(Action<NodeStorageOptions>? configure = null, bool checkpoints = true)
    {
        var options = new NodeStorageOptions
        {
            Folder = Folder,
            LogSegmentBytes = 64 << 10,
            CheckpointInterval = TimeSpan.FromDays(1000),
            UnflushedPagesMax = 4,
        };
        configure?.Invoke(options);
        var storage = NodeStorage.Open(options, Time, NullLogger<NodeStorage>.Instance);
        storage.PendingAlarms = checkpoints ? static () => [] : null;
        return storage;
    }

    /// <summary>Copies database files before the log: what is in a file has been in the log before.</summary>
    public static void Copy(string from, string to, bool optional = false)
    {
        Directory.CreateDirectory(to);
        if (optional && !Directory.Exists(from))
        {
            return;
        }

        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(to + folder[from.Length..]);
        }

        // The log's folder is listed last too: a segment that begins meanwhile must be among the copies.
        foreach (var file in new[] { false, true }
            .SelectMany(log => Directory.GetFiles(from, "*", SearchOption.AllDirectories).Where(f => f.Contains("/log/", StringComparison.Ordinal) == log))
            .Where(static f => !f.EndsWith("skerry.lock", StringComparison.Ordinal)))
        {
            try
            {
                using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                Directory.CreateDirectory(Path.GetDirectoryName(to + file[from.Length..])!);
                using var target = File.Create(to + file[from.Length..]);
                source.CopyTo(target);
            }
            catch (FileNotFoundException)
            {
                // A segment that was being prepared has got its name.
            }
        }
    }

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
    }
}
