using System.Runtime.ExceptionServices;
using Skerry.Objects.Activation;
using Skerry.Storage;

namespace Skerry.Objects.Fleet;

/// <summary>
/// Finds an object, and brings it into memory if it is in none. One search may be continued when what it found was gone
/// by the time the call came there; it then waits a little longer each time, and gives up after a while.
/// </summary>
internal sealed class PlaceSearch(ObjectRuntime runtime, ObjectKey key, string? name, LocationHint? hint, bool unrequested = false)
{
    private static readonly TimeSpan s_shortestPause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(100);

    private long? _began;
    private TimeSpan _pause = s_shortestPause;
    private bool _again;

    /// <summary>The object in memory here, or its place on another node: one of both.</summary>
    /// <exception cref="DurableObjectException">It cannot be had.</exception>
    public async ValueTask<(ActiveObject? Here, ObjectPlace? Elsewhere)> FindAsync()
    {
        while (true)
        {
            if (runtime.Find(key) is { } active)
            {
                return (active, null);
            }

            if (runtime.Fleet?.PlaceOf(key) is { } known)
            {
                return (null, known);
            }

            runtime.ThrowIfStopped();
            if (_again && runtime.Fleet is not null)
            {
                await PauseAsync().ConfigureAwait(false);
            }

            _again = true;
            if (await AskAsync().ConfigureAwait(false) is not { } place)
            {
                continue;
            }

            if (runtime.Fleet is { } fleet && !place.Silo.Equals(fleet.Self))
            {
                if (await TryGreetAsync(fleet, place.Silo).ConfigureAwait(false))
                {
                    fleet.Remember(key, place);
                    return (null, place);
                }

                continue;
            }

            // It may have failed to start before this call could get in line; trying again at once would not end.
            if (runtime.Find(key) is null && runtime.FailedStart(key) is { } failed)
            {
                ExceptionDispatchInfo.Throw(failed);
            }
        }
    }

    // Null if the answer is to ask again.
    private async Task<ObjectPlace?> AskAsync()
    {
        ObjectPlace place;
        try
        {
            place = await runtime.ActivateAsync(key, name, hint, unrequested).ConfigureAwait(false);
        }
        catch (Exception e) when (runtime.Fleet is not null && (RemoteCall.IsLost(e) || e is OperationCanceledException))
        {
            // Nobody cancels a search: it is Orleans that did not come to placing the object in time. What the object's
            // code has thrown comes as an answer.
            GiveUpLate(e);
            return null;
        }

        if (place.Refused)
        {
            runtime.Fleet?.Refuses(place.Silo);
            if (runtime.IsLeaving && runtime.Fleet is not { OthersTakeObjects: true })
            {
                throw new DurableObjectException("stopping", "This node is stopping.") { Retryable = true };
            }

            GiveUpLate(null);
            return null;
        }

        return place.Failure is null ? place : throw place.Failure.ToException();
    }

    private async Task<bool> TryGreetAsync(FleetNodes fleet, SiloAddress silo)
    {
        try
        {
            await fleet.GreetAsync(silo).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (RemoteCall.IsLost(e))
        {
            GiveUpLate(e);
            return false;
        }
    }

    private async Task PauseAsync()
    {
        GiveUpLate(null);
        await Task.Delay(_pause, runtime.Time).ConfigureAwait(false);
        _pause = _pause * 2 < s_longestPause ? _pause * 2 : s_longestPause;
    }

    private void GiveUpLate(Exception? cause)
    {
        _began ??= runtime.Time.GetTimestamp();
        var patience = runtime.Fleet!.Options.FailoverPatience;
        if (runtime.Time.GetElapsedTime(_began.Value) > patience)
        {
            throw new DurableObjectException(
                "unavailable", $"No node could take {key} for {patience.TotalSeconds:0} s.", cause)
            { Retryable = true };
        }
    }
}
