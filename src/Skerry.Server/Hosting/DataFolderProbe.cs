namespace Skerry.Server.Hosting;

/// <summary>Makes sure that the data folder can be written, before anything is started on it, so that this is told with all other problems.</summary>
internal static class DataFolderProbe
{
    /// <summary>Creates <paramref name="path"/> if it is missing, and proves that files can be written in it.</summary>
    /// <returns>Null, or one line that says what is wrong and what to do.</returns>
    public static string? Run(string path)
    {
        try
        {
            Directory.CreateDirectory(path);

            // Asking the system for permissions is not the same as having them: a mount may be read-only.
            var probe = Path.Combine(path, $".probe-{Environment.ProcessId}");
            using (new FileStream(probe, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"data folder {path} cannot be written ({e.Message.TrimEnd('.')}); choose another with --data, or give this user write permission";
        }
    }
}
