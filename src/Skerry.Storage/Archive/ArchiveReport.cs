namespace Skerry.Storage.Archive;

/// <summary>What is wrong with a file in the bucket.</summary>
/// <param name="File">Its key.</param>
/// <param name="Offset">The first byte, from 0, of what is wrong.</param>
/// <param name="What">What is wrong.</param>
public readonly record struct ArchiveDamage(string File, long Offset, string What);

/// <summary>What <see cref="ArchiveVerifier"/> has found.</summary>
/// <param name="Key">The object.</param>
/// <param name="Records">LTX files of single transactions that were read.</param>
/// <param name="Snapshots">Snapshots that were read.</param>
/// <param name="Bytes">Bytes that were read of both.</param>
/// <param name="Oldest">The oldest transaction that was proven to be restorable; 0 if none was.</param>
/// <param name="Newest">The newest transaction in the bucket; 0 if the object has never written.</param>
/// <param name="Damage">All that is wrong; empty if all is well.</param>
/// <param name="Leftovers">Files that are no part of what can be restored: superseded, or waiting to be deleted.</param>
public sealed record ArchiveReport(
    ObjectKey Key,
    long Records,
    int Snapshots,
    long Bytes,
    ulong Oldest,
    ulong Newest,
    IReadOnlyList<ArchiveDamage> Damage,
    IReadOnlyList<string> Leftovers);
