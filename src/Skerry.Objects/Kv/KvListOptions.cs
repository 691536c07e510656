namespace Skerry.Objects;

/// <summary>Which keys to list. Keys are in the order of their UTF-8 bytes.</summary>
public sealed record KvListOptions
{
    /// <summary>The first key, itself included. Null for no bound.</summary>
    public string? Start { get; init; }

    /// <summary>The first key, itself left out. Not together with <see cref="Start"/>.</summary>
    public string? StartAfter { get; init; }

    /// <summary>The end, itself left out. Null for no bound.</summary>
    public string? End { get; init; }

    /// <summary>Only keys that begin with this.</summary>
    public string? Prefix { get; init; }

    /// <summary>From the last to the first. <see cref="Start"/> and <see cref="End"/> keep their meaning: the least and the greatest key.</summary>
    public bool Reverse { get; init; }

    /// <summary>The most keys to return; null for all.</summary>
    public int? Limit { get; init; }
}
