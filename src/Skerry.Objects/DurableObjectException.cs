namespace Skerry.Objects;

/// <summary>
/// A call did not get an answer from its object. Exceptions thrown by the object's own code are not wrapped in this:
/// they reach the caller as they are.
/// </summary>
public sealed class DurableObjectException : Exception
{
    /// <param name="code">A stable word for the kind of failure, such as <c>object_reset</c>.</param>
    /// <param name="message">What happened, to which object, and what to do.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public DurableObjectException(string code, string message, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
    }

    /// <summary>
    /// One of <c>aborted</c>, <c>object_reset</c>, <c>storage_failed</c>, <c>deadlock</c>, <c>overloaded</c>,
    /// <c>too_deep</c>, <c>stopping</c>, <c>blocked_too_long</c>, <c>no_class</c>; with several nodes also <c>moved</c>,
    /// <c>unavailable</c>, <c>fenced</c>, <c>node_lost</c>, <c>answer_lost</c>, <c>object_threw</c>, <c>no_method</c>,
    /// <c>no_listener</c>.
    /// </summary>
    public string Code { get; }

    /// <summary>True if the same call may succeed when tried again. It may have run: only idempotent calls should be.</summary>
    public bool Retryable { get; init; }

    /// <summary>True if the object has more calls waiting than it can answer; trying again at once makes it worse.</summary>
    public bool Overloaded { get; init; }

    /// <summary>True if the failure comes from another node.</summary>
    public bool Remote { get; init; }
}
