namespace Skerry.Storage.Relay.Sessions;

/// <summary>What a node that was greeted is.</summary>
/// <param name="IsAlive">It answers, and runs the session that was asked for.</param>
/// <param name="IsGone">It certainly does not run that session: it refuses connections, or runs another one.</param>
internal readonly record struct PeerAnswer(bool IsAlive, bool IsGone)
{
    /// <summary>It does not answer; it may be dead, frozen, slow or cut off.</summary>
    public static PeerAnswer Silent => default;
}

/// <summary>Asks a node whether it is there.</summary>
internal static class PeerCall
{
    public static async Task<PeerAnswer> GreetAsync(ControlPlane plane, NodeInfo node, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(plane.Options.CallTimeout, plane.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            var nodes = await plane.Transport.GreetAsync(node.Address, plane.Self, either.Token);
            var runs = nodes.Any(other => other.Session == node.Session);
            return new PeerAnswer(runs, !runs);
        }
        catch (PeerUnreachableException error)
        {
            return new PeerAnswer(false, error.Refused);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return PeerAnswer.Silent;
        }
    }
}
