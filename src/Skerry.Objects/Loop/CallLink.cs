namespace Skerry.Objects.Loop;

/// <summary>One call from object to object: who called, from within which critical section, on behalf of which call.</summary>
internal sealed class CallLink(ObjectLoop caller, CriticalSection? section, CallLink? parent)
{
    public ObjectLoop Caller { get; } = caller;

    public CriticalSection? Section { get; } = section;

    public CallLink? Parent { get; } = parent;

    /// <summary>Calls behind this one, itself included. Bounded, since a chain that grows without end is a runaway recursion.</summary>
    public int Depth { get; } = (parent?.Depth ?? 0) + 1;
}
