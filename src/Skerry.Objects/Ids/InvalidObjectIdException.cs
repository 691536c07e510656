namespace Skerry.Objects;

/// <summary>A text that is not the id of an object in the namespace asked. The message says what is accepted.</summary>
public sealed class InvalidObjectIdException(InvalidObjectIdReason reason, string message, string paramName)
    : ArgumentException(message, paramName)
{
    /// <summary>Why it is refused.</summary>
    public InvalidObjectIdReason Reason { get; } = reason;
}
