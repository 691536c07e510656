namespace Skerry.Storage.Relay.Hosting;

/// <summary>An activation's right to answer: the session's read lease, or, for an object that is nobody's, a look at its ownership record.</summary>
internal sealed class HeldClaim(RelayNode node, ObjectKey key, HeldObject held) : IObjectClaim
{
    private int _disposed;

    /// <inheritdoc/>
    public bool MayAnswer => held.IsOwned && node.HasLease;

    /// <inheritdoc/>
    public ValueTask WhenMayAnswerAsync(CancellationToken cancel) => node.WhenMayAnswerAsync(key, held, cancel);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            node.Ended(key, held);
        }
    }
}
