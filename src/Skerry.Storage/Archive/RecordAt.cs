namespace Skerry.Storage.Archive;

/// <summary>Where the LTX file of one transaction is.</summary>
/// <param name="File">The key of the batch file that holds it.</param>
/// <param name="Offset">Its first byte there.</param>
/// <param name="Length">Its bytes.</param>
internal readonly record struct RecordAt(string File, long Offset, int Length)
{
    /// <summary>Where an entry of a file is.</summary>
    public static RecordAt Of(string file, in BatchEntry entry) => new(file, entry.Offset, entry.Length);
}
