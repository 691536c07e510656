namespace Skerry.Storage.Relay.Takeover;

/// <summary>
/// The followers of a session that is taken over: asks them to seal it, as often as needed, and remembers what they said.
/// </summary>
/// <param name="plane">The world.</param>
/// <param name="session">The session.</param>
/// <param name="record">Its record: the set that counts, and the recovery epoch.</param>
/// <param name="locate">Where a node is now: it may have started anew since the record was written.</param>
internal sealed class FollowerSeals(ControlPlane plane, SessionId session, SessionRecord record, Func<NodeInfo, NodeInfo> locate)
{
    private readonly Dictionary<NodeId, (NodeInfo Node, SealReply Reply)> _sealed = [];
    private long _leasesEnd = long.MinValue;

    /// <summary>The followers that have sealed, and what they hold.</summary>
    public IReadOnlyCollection<(NodeInfo Node, SealReply Reply)> Sealed => _sealed.Values;

    /// <summary>True if the session can confirm nothing any more.</summary>
    public bool IsEnough => _sealed.Count >= record.SealQuorum;

    /// <summary>True if a record can never have been confirmed: a seal quorum has not got as far, and every quorum meets it.</summary>
    public bool IsUnconfirmed(ulong sequence) => _sealed.Values.Count(follower => follower.Reply.Last < sequence) >= record.SealQuorum;

    /// <summary>How long reads by the old leader have to be waited for; zero or less if no longer.</summary>
    public TimeSpan LeaseLeft =>
        _leasesEnd == long.MinValue ? TimeSpan.Zero : plane.Time.GetElapsedTime(plane.Time.GetTimestamp(), _leasesEnd);

    /// <summary>Asks all followers that have not sealed.</summary>
    /// <param name="all">False to return as soon as enough have sealed; true to wait until all have answered or failed to.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task AskAsync(bool all, CancellationToken cancel)
    {
        var calls = record.Followers.Where(node => !_sealed.ContainsKey(node.Id)).Select(node => AskAsync(locate(node), cancel)).ToList();
        while (calls.Count > 0 && (all || !IsEnough))
        {
            var done = await Task.WhenAny(calls);
            calls.Remove(done);
            await done;
        }
    }

    /// <summary>A follower that had sealed cannot be read: what it holds does not count until it has answered again.</summary>
    public void Lose(NodeId node) => _sealed.Remove(node);

    private async Task AskAsync(NodeInfo node, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(plane.Options.CallTimeout, plane.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            var reply = await plane.Transport.SealAsync(node, session, record.RecoveryEpoch, either.Token);

            // A lease that was reported once has to be waited for even if the follower is lost afterwards.
            var end = plane.Time.GetTimestamp() + (long)(reply.LeaseLeft.TotalSeconds * plane.Time.TimestampFrequency);
            _leasesEnd = Math.Max(_leasesEnd, end);
            _sealed[node.Id] = (node, reply);
        }
        catch (StorageException)
        {
            // It does not answer, or its disk fails: it has not sealed. Others may be enough.
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
        }
    }
}
