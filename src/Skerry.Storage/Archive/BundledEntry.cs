namespace Skerry.Storage.Archive;

/// <summary>One transaction in a bundle.</summary>
/// <param name="File">The bundle's key.</param>
/// <param name="Entry">What its index says of the transaction.</param>
public readonly record struct BundledEntry(string File, BatchEntry Entry);
