using Skerry.Storage.Buckets;
using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Relay.Fleet;

/// <summary>Puts the cluster's picture together: which sessions there are says the bucket, how far they are their nodes.</summary>
/// <param name="cluster">The cluster's name.</param>
/// <param name="bucket">The bucket.</param>
/// <param name="own">This node's session.</param>
/// <param name="peers">The way to the others.</param>
/// <param name="time">For retries.</param>
public sealed class FleetView(string cluster, IBucket bucket, ISessionFigures own, IFleetPeers peers, TimeProvider time) : IFleetView
{
    // Of a thousand nodes most answer at once; those that do not should not make the others wait one after the other.
    private const int ParallelQuestions = 32;

    // Records are read until the bucket answers, and whoever looks wants to know that it does not.
    private static readonly TimeSpan BucketPatience = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task<FleetReport> LookAsync(CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(BucketPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            return await LookPatientlyAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new StorageException(
                $"Who is a node stands in {bucket.Description}, which has not answered for {BucketPatience.TotalSeconds:0} s. Check that it runs, and the way there; writes of objects that are in use go on meanwhile.", e);
        }
    }

    private async Task<FleetReport> LookPatientlyAsync(CancellationToken cancel)
    {
        var self = own.Read();
        var records = new SessionRecords(bucket, time, new Random());
        var sessions = await records.ListAsync(cancel).ConfigureAwait(false);
        using var places = new SemaphoreSlim(ParallelQuestions);
        var found = await Task.WhenAll(sessions.Select(session => LookAtAsync(session, self, records, places, cancel))).ConfigureAwait(false);
        var members = found.OfType<FleetMember>().OrderBy(static one => one.Node.Name, StringComparer.Ordinal).ThenBy(static one => one.Node.Session).ToList();
        return new(cluster, self.Node, members, PossibleLoss.Of(members.Select(static one => one.Figures).OfType<SessionFigures>()));
    }

    private async Task<FleetMember?> LookAtAsync(
        SessionId session, SessionFigures self, SessionRecords records, SemaphoreSlim places, CancellationToken cancel)
    {
        await places.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var found = await records.ReadAsync(session, cancel).ConfigureAwait(false);
            if (found is not { Value: { State: not SessionState.Sealed } record })
            {
                return null;
            }

            if (record.State == SessionState.Recovering)
            {
                return Member(FleetMemberState.Recovering, null, $"{record.Recoverer?.Name ?? "another node"} takes it over");
            }

            if (session == self.Node.Session)
            {
                return Member(FleetMemberState.Running, self, null);
            }

            try
            {
                var figures = await peers.ReadFiguresAsync(record.Node, cancel).ConfigureAwait(false);
                return figures.Node.Session == session
                    ? Member(FleetMemberState.Running, figures, null)
                    : Member(FleetMemberState.Silent, null, "it has started anew, and its earlier session is not taken over yet");
            }
            catch (PeerUnreachableException e)
            {
                return Member(FleetMemberState.Silent, null, e.Message);
            }

            FleetMember Member(FleetMemberState state, SessionFigures? figures, string? problem) =>
                new(record.Node, state, record.StartedMs, figures, problem);
        }
        finally
        {
            places.Release();
        }
    }
}
