namespace Skerry.Storage.Relay.Takeover;

/// <summary>How the takeover of a session ended.</summary>
public enum TakeoverOutcome
{
    /// <summary>This node has sealed it.</summary>
    SealedHere,

    /// <summary>It was sealed already, or somebody else has sealed it.</summary>
    SealedElsewhere,
}
