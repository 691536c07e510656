namespace Skerry.Storage.Archive;

/// <summary>What is to be done for an object beside uploading its records.</summary>
public enum UploadWorkKind
{
    /// <summary>Copy what bundles have of it into a file of its own.</summary>
    Promote,

    /// <summary>Find out how much log it has in the bucket from earlier sessions.</summary>
    Inspect,

    /// <summary>Make a snapshot.</summary>
    Snapshot,
}

/// <summary>Something to be done.</summary>
/// <param name="Kind">What.</param>
/// <param name="Key">For which object.</param>
public readonly record struct UploadWork(UploadWorkKind Kind, ObjectKey Key);
