namespace Skerry.Storage.Relay.Sessions;

/// <summary>A record and the version under which the bucket has it.</summary>
public readonly record struct Versioned<T>(T Value, string ETag)
    where T : class;

/// <summary>What became of a compare-and-swap.</summary>
/// <param name="Swapped">True if the bucket has what was to be written.</param>
/// <param name="Current">What the bucket has now; null if it has nothing.</param>
public readonly record struct SwapOutcome<T>(bool Swapped, Versioned<T>? Current)
    where T : class;
