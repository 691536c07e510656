using System.Globalization;
using System.Text;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>The file <c>marks</c> of a data folder: a line for each mark, session and number.</summary>
internal sealed class FolderMarksFile(string folder) : IFolderMarks
{
    private readonly string _file = Path.Combine(folder, "marks");

    /// <inheritdoc/>
    public string Folder => folder;

    /// <inheritdoc/>
    public Task<IReadOnlyList<FolderMark>> ReadAsync(CancellationToken cancel) => Task.Run<IReadOnlyList<FolderMark>>(
        () =>
        {
            try
            {
                return File.Exists(_file) ? [.. File.ReadLines(_file).Select(Parse)] : [];
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"{_file} cannot be read: {e.Message}", e);
            }
        },
        cancel);

    /// <inheritdoc/>
    public Task WriteAsync(IReadOnlyList<FolderMark> marks, CancellationToken cancel) => Task.Run(
        () =>
        {
            var text = string.Concat(marks.Select(static mark => string.Create(CultureInfo.InvariantCulture, $"{mark.Session} {mark.Number}\n")));
            try
            {
                DurableFile.Replace(_file, Encoding.ASCII.GetBytes(text));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"{_file} cannot be written: {e.Message}", e);
            }
        },
        cancel);

    private FolderMark Parse(string line)
    {
        var parts = line.Split(' ');
        return parts.Length == 2 && SessionId.TryParse(parts[0], out var session)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? new FolderMark(session, number)
                : throw new StorageDamagedException(_file, 0, "a line of it is no session and number");
    }
}
