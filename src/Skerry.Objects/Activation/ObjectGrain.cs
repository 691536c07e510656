using Orleans.Concurrency;

namespace Skerry.Objects.Activation;

/// <summary>The place of one object in the cluster. Its key is <c>NAMESPACE/ID</c>.</summary>
internal interface IObjectGrain : IGrainWithStringKey
{
    /// <summary>Makes sure the object is in memory where this grain is.</summary>
    /// <param name="name">The object's name, if the caller knows it.</param>
    /// <param name="hint">Where the object would best live; see <see cref="LocationHint"/>.</param>
    Task Activate(string? name, string? hint);
}

/// <summary>
/// Gives an object its one place: Orleans makes one activation for a key. The object itself has its own loop, so this
/// grain only begins it and waits for the one before it to end.
/// </summary>
[Reentrant]
[KeepAlive]
internal sealed class ObjectGrain(ObjectRuntime runtime) : Grain, IObjectGrain
{
    private ActiveObject? _current;
    private Task? _starting;

    public Task Activate(string? name, string? hint)
    {
        if (_current is { IsStopping: false })
        {
            return Task.CompletedTask;
        }

        return _starting ??= BeginAsync(name, hint);
    }

    private async Task BeginAsync(string? name, string? hint)
    {
        await Task.Yield();
        try
        {
            _current = await runtime.BeginAsync(this.GetPrimaryKeyString(), name, hint);
            _ = LeaveWithAsync(_current);
        }
        finally
        {
            _starting = null;
        }
    }

    // When the object leaves memory, so does its grain, unless a call has begun the next one by then.
    private async Task LeaveWithAsync(ActiveObject active)
    {
        await active.Stopped;
        if (ReferenceEquals(_current, active) && _starting is null)
        {
            _current = null;
            DeactivateOnIdle();
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancel)
    {
        if (_current is { } active)
        {
            active.Break(new DurableObjectException("stopping", $"{active.Id} is leaving this node ({reason.Description}).") { Retryable = true });

            // The next one waits for this one to end anyway; and code that never returns must not hold up the silo's end.
            if (!runtime.IsStopping)
            {
                await active.Stopped.WaitAsync(cancel);
            }
        }
    }
}
