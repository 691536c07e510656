namespace Skerry.Storage.Relay.Hosting;

/// <summary>An activation's right to answer: the session's read lease, or, for an object that is nobody's, a look at its ownership record.</summary>
internal sealed class HeldClaim(RelayNode node, ObjectKey key, HeldObject held) : IObjectClaim
{
    /// <inheritdoc/>
    public bool MayAnswer => held.IsOwned && node.HasLease;

    /// <inheritdoc/>
    public ValueTask WhenMayAnswerAsync(CancellationToken cancel) => node.WhenMayAnswerAsync(key, held, cancel);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
