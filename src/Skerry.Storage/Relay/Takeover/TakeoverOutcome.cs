namespace Skerry.Storage.Relay.Takeover;

/// <summary>How the takeover of a session ended.</summary>
public enum TakeoverOutcome
{
    /// <summary>This node has sealed it.</summary>
    SealedHere,

    /// <summary>It was sealed already, or somebody else has sealed it.</summary>
    SealedElsewhere,

    /// <summary>It is open: too few of its followers could be reached, and meanwhile its node has answered again.</summary>
    StillOpen,
}
