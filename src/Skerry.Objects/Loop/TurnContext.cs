namespace Skerry.Objects.Loop;

/// <summary>
/// The synchronization context of code that runs in an object. An <c>await</c> captures it, so that the continuation
/// comes back as an event of the object's loop, under the same critical section and with the same chain of calls.
/// <c>ConfigureAwait(false)</c> escapes it; nothing inside an object may do that.
/// </summary>
internal sealed class TurnContext(ObjectLoop loop, CriticalSection? section, CallLink? chain, IGateObserver? call = null)
    : SynchronizationContext
{
    public ObjectLoop Loop { get; } = loop;

    /// <summary>The critical section this code runs in; null outside of any.</summary>
    public CriticalSection? Section { get; } = section;

    /// <summary>The object call this code answers; null when it came from outside of any object.</summary>
    public CallLink? Chain { get; } = chain;

    /// <summary>The call that this code answers, if it wants to know of gates; told when one of its events is held back.</summary>
    public IGateObserver? Call { get; } = call;

    /// <summary>The context of the object code that runs on this thread now; null on any other thread.</summary>
    public static new TurnContext? Current => SynchronizationContext.Current as TurnContext;

    public override void Post(SendOrPostCallback d, object? state) => Loop.Enqueue(new LoopEvent(this, d, state));

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("Code of a durable object cannot be entered synchronously from outside; post to it or call it through a stub.");

    // Await compares contexts by reference; copies would only break that.
    public override SynchronizationContext CreateCopy() => this;
}
