namespace Skerry.Storage.Archive;

/// <summary>What is uploaded together: files of single objects, and then the bundle, which says that all of it is there.</summary>
/// <param name="First">The first sequence that the batch covers.</param>
/// <param name="Last">The last sequence that the batch covers.</param>
/// <param name="OwnFiles">Records of objects that get a file each.</param>
/// <param name="Bundle">All other records; may be empty.</param>
public sealed record UploadBatch(
    ulong First, ulong Last, IReadOnlyList<IReadOnlyList<ArchivedRecord>> OwnFiles, IReadOnlyList<ArchivedRecord> Bundle);
