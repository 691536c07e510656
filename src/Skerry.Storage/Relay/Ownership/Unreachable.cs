namespace Skerry.Storage.Relay.Ownership;

/// <summary>How long an owner has not answered, so that a lost packet does not end a session.</summary>
internal sealed class Unreachable(ControlPlane plane)
{
    private long _since = long.MinValue;

    /// <summary>Calls a peer, for as long as an answer may take.</summary>
    /// <exception cref="PeerUnreachableException">It does not answer.</exception>
    public async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(plane.Options.CallTimeout, plane.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        var started = plane.Time.GetTimestamp();
        try
        {
            var answer = await call(either.Token);
            _since = long.MinValue;
            return answer;
        }
        catch (PeerUnreachableException)
        {
            _since = _since == long.MinValue ? started : _since;
            throw;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            _since = _since == long.MinValue ? started : _since;
            throw new PeerUnreachableException("The owner of an object does not answer.");
        }
    }

    /// <summary>True if the peer refuses connections, or has been silent long enough to be taken over.</summary>
    public bool IsLongEnough(PeerUnreachableException error) =>
        error.Refused || plane.Time.GetElapsedTime(_since) >= plane.Options.UnreachableFor;
}
