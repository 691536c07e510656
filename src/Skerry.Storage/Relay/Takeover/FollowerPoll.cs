namespace Skerry.Storage.Relay.Takeover;

/// <summary>Asks a session's followers, before anything is done to the session, whether a takeover can be ended and is right.</summary>
internal static class FollowerPoll
{
    /// <summary>
    /// True if a seal quorum answers. Without one a takeover fences the session and cannot go on; most likely it is the
    /// asker that is cut off, and the session is well.
    /// </summary>
    public static Task<bool> CanSealAsync(ControlPlane plane, SessionRecord record, Func<NodeInfo, NodeInfo> locate, CancellationToken cancel) =>
        CountAsync(plane, record, locate, static _ => true, cancel);

    /// <summary>
    /// True if a seal quorum answers and hears nothing of the leader: then no quorum does, so that it cannot confirm
    /// anything, and a takeover takes nothing from it. Else it may only be the link between the leader and the asker that is cut.
    /// </summary>
    public static Task<bool> IsSilentAsync(ControlPlane plane, SessionRecord record, Func<NodeInfo, NodeInfo> locate, CancellationToken cancel) =>
        CountAsync(plane, record, locate, heard => heard.All(node => node.Session != record.Node.Session), cancel);

    private static async Task<bool> CountAsync(
        ControlPlane plane, SessionRecord record, Func<NodeInfo, NodeInfo> locate, Predicate<IReadOnlyList<NodeInfo>> counts, CancellationToken cancel)
    {
        var count = 0;
        var calls = record.Followers.Select(node => AskAsync(plane, locate(node), cancel)).ToList();
        while (calls.Count > 0 && count < record.SealQuorum)
        {
            var done = await Task.WhenAny(calls);
            calls.Remove(done);
            if (await done is { } answer && counts(answer))
            {
                count++;
            }
        }

        return count >= record.SealQuorum;
    }

    private static async Task<IReadOnlyList<NodeInfo>?> AskAsync(ControlPlane plane, NodeInfo node, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(plane.Options.CallTimeout, plane.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            return await plane.Transport.GreetAsync(node.Address, plane.Self, either.Token);
        }
        catch (PeerUnreachableException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }
}
