namespace Skerry.Storage.Relay.Grpc;

/// <summary>A token that fires when the caller gives up, or when the peer has been silent for too long; and knows which.</summary>
internal sealed class Watchdog : IDisposable
{
    private readonly CancellationTokenSource _expiry;
    private readonly CancellationTokenSource _any;

    public Watchdog(CancellationToken cancel, TimeSpan timeout, TimeProvider time)
    {
        _expiry = new(timeout, time);
        _any = CancellationTokenSource.CreateLinkedTokenSource(cancel, _expiry.Token);
    }

    public CancellationToken Token => _any.Token;

    /// <summary>Whether the time was over.</summary>
    public bool HasExpired => _expiry.IsCancellationRequested;

    /// <summary>Begins to wait anew.</summary>
    public void CancelAfter(TimeSpan timeout) => _expiry.CancelAfter(timeout);

    public void Dispose()
    {
        _any.Dispose();
        _expiry.Dispose();
    }
}
