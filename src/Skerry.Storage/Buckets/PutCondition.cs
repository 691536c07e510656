namespace Skerry.Storage.Buckets;

/// <summary>When a put may take place.</summary>
public readonly record struct PutCondition
{
    private PutCondition(bool mustBeAbsent, string? etag)
    {
        MustBeAbsent = mustBeAbsent;
        ETag = etag;
    }

    /// <summary>The key must not exist.</summary>
    public bool MustBeAbsent { get; }

    /// <summary>The version that the key must have; null for no condition.</summary>
    public string? ETag { get; }

    /// <summary>Always.</summary>
    public static PutCondition None => default;

    /// <summary>Only if there is no such key.</summary>
    public static PutCondition IfAbsent => new(true, null);

    /// <summary>Only if the key has this version.</summary>
    public static PutCondition IfMatch(string etag) => new(false, etag);
}

/// <summary>What became of a put.</summary>
/// <param name="Stored">False if the condition did not hold; nothing was changed then.</param>
/// <param name="ETag">The new version; null if nothing was stored.</param>
public readonly record struct PutOutcome(bool Stored, string? ETag)
{
    /// <summary>The condition did not hold.</summary>
    public static PutOutcome Conflict => default;
}
