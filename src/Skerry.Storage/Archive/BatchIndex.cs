namespace Skerry.Storage.Archive;

/// <summary>What is in one batch file. Immutable.</summary>
/// <param name="Key">The file's key in the bucket.</param>
/// <param name="Entries">Its transactions in the order of their place in the file: by object, and of one object by sequence.</param>
/// <param name="FileBytes">The file's length.</param>
public sealed record BatchIndex(string Key, IReadOnlyList<BatchEntry> Entries, long FileBytes);
