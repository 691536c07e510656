using Orleans.Concurrency;
using Skerry.Objects.Fleet;

namespace Skerry.Objects.Activation;

/// <summary>The place of one object in the cluster. Its key is <c>NAMESPACE/ID</c>.</summary>
internal interface IObjectGrain : IGrainWithStringKey
{
    /// <summary>Makes sure the object is in memory where this grain is, and says where that is.</summary>
    /// <param name="name">The object's name, if the caller knows it.</param>
    /// <param name="hint">Where the object would best live; see <see cref="LocationHint"/>.</param>
    /// <param name="unrequested">True if nobody waits for an answer.</param>
    [ResponseTimeout("00:00:08")]
    Task<ObjectPlace> Activate(string? name, string? hint, bool unrequested);
}

/// <summary>
/// Gives an object its one place: Orleans makes one activation for a key. The object itself has its own loop, so this
/// grain only begins it and waits for the one before it to end.
/// </summary>
[Reentrant]
[KeepAlive]
[ObjectPlacement]
internal sealed class ObjectGrain(ObjectRuntime runtime) : Grain, IObjectGrain
{
    private ActiveObject? _current;
    private Task<ObjectPlace>? _starting;

    public Task<ObjectPlace> Activate(string? name, string? hint, bool unrequested)
    {
        if (_current is { TakesCalls: true } current)
        {
            return Task.FromResult(runtime.PlaceOf(current));
        }

        return _starting ??= BeginAsync(name, hint, unrequested);
    }

    private async Task<ObjectPlace> BeginAsync(string? name, string? hint, bool unrequested)
    {
        await Task.Yield();
        try
        {
            if (!runtime.TakesObjects)
            {
                // The next grain is made elsewhere.
                DeactivateOnIdle();
                return runtime.Refusal;
            }

            _current = await runtime.BeginAsync(this.GetPrimaryKeyString(), name, hint, unrequested);
            _ = LeaveWithAsync(_current);
            return runtime.PlaceOf(_current);
        }
        catch (DurableObjectException e)
        {
            return runtime.Refusal with { Refused = e.Code == "stopping", Failure = e.Code == "stopping" ? null : CallFailure.Of(e) };
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
            await runtime.CloseAsync(active, reason, cancel);
        }
    }
}
