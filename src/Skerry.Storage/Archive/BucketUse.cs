namespace Skerry.Storage.Archive;

/// <summary>What has been asked of a bucket. Reading a stream counts as one get without bytes, a put in parts as one put.</summary>
public readonly record struct BucketUse(long Puts, long PutBytes, long Gets, long GetBytes, long Lists, long Deletes);
