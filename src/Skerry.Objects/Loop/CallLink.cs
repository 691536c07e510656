namespace Skerry.Objects.Loop;

/// <summary>One call from object to object: who called, from within which critical section, on behalf of which call.</summary>
/// <param name="caller">The calling object's loop; null if that object is on another node.</param>
/// <param name="section">The critical section that made the call and waits for it; null if there is none, or it is on another node.</param>
/// <param name="parent">The call that the calling code answers.</param>
internal sealed class CallLink(ObjectLoop? caller, CriticalSection? section, CallLink? parent)
{
    public ObjectLoop? Caller { get; } = caller;

    public CriticalSection? Section { get; } = section;

    public CallLink? Parent { get; } = parent;

    /// <summary>What another node called this link; null for one of this node.</summary>
    public object? Foreign { get; init; }

    /// <summary>Calls behind this one, itself included. Bounded, since a chain that grows without end is a runaway recursion.</summary>
    public int Depth { get; } = (parent?.Depth ?? 0) + 1;
}
