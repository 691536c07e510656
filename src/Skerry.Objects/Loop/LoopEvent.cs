namespace Skerry.Objects.Loop;

/// <summary>One event for an object's loop: what to run, and under which critical section and chain of calls.</summary>
/// <param name="Context">Becomes the synchronization context while the event runs.</param>
/// <param name="Callback">Runs the event. It must not throw; user code is wrapped by whoever makes the event.</param>
/// <param name="State">Passed to <paramref name="Callback"/>.</param>
/// <param name="IgnoresGate">True for the runtime's own housekeeping, which no user code can observe and no input gate holds back.</param>
internal readonly record struct LoopEvent(TurnContext Context, SendOrPostCallback Callback, object? State, bool IgnoresGate = false);
