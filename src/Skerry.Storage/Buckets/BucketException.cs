namespace Skerry.Storage.Buckets;

/// <summary>Why a bucket did not do what it was asked to.</summary>
public enum BucketFault
{
    /// <summary>It cannot be reached, is overloaded or answers with server errors; it may be well again later.</summary>
    Unavailable,

    /// <summary>As <see cref="Unavailable"/>, while a write was under way: it may or may not have happened.</summary>
    OutcomeUnknown,

    /// <summary>The credentials are wrong, or do not allow this.</summary>
    Denied,

    /// <summary>There is no such bucket.</summary>
    NoSuchBucket,

    /// <summary>It has no space, or a quota is used up.</summary>
    Full,

    /// <summary>It does not do what this project needs of a bucket (conditional writes).</summary>
    Unsuitable,
}

/// <summary>An operation on a bucket failed.</summary>
public sealed class BucketException(BucketFault fault, string message, Exception? cause = null) : StorageException(message, cause)
{
    /// <summary>What kind of failure it is.</summary>
    public BucketFault Fault { get; } = fault;
}
