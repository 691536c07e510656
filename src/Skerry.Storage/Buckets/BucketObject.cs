namespace Skerry.Storage.Buckets;

/// <summary>A content and its version.</summary>
/// <param name="Content">All bytes.</param>
/// <param name="ETag">The version, for <see cref="PutCondition.IfMatch"/>. Opaque.</param>
public readonly record struct BucketObject(ReadOnlyMemory<byte> Content, string ETag);

/// <summary>One line of a list.</summary>
public readonly record struct BucketEntry(string Key, long Bytes, DateTimeOffset Modified);
