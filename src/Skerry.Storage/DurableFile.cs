using Skerry.Storage.Log;

namespace Skerry.Storage;

/// <summary>Writing small files so that after a crash either the old or the new content is there, whole.</summary>
internal static class DurableFile
{
    /// <summary>Writes beside <paramref name="path"/>, syncs, renames over it, and syncs the folder.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".tmp";
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, content, 0);
            DiskSync.File(file, temporary);
        }

        File.Move(temporary, path, overwrite: true);
        DiskSync.Folder(Path.GetDirectoryName(path)!);
    }
}
