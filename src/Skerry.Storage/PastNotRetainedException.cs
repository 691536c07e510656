namespace Skerry.Storage;

/// <summary>A point in time lies before what the history still has.</summary>
public sealed class PastNotRetainedException(string message) : StorageException(message);
