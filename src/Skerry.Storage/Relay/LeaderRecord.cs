using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Relay;

/// <summary>This node's own session record, for the data path: the records are used on the relay's loop.</summary>
/// <param name="records">The session records.</param>
/// <param name="loop">The loop that they belong to.</param>
/// <param name="session">The own session.</param>
public sealed class LeaderRecord(SessionRecords records, RelayLoop loop, SessionId session) : ILeaderRecord
{
    private string? _etag;

    /// <inheritdoc/>
    public Task<(bool Written, SessionRecord? Current)> SwapAsync(SessionRecord desired, CancellationToken cancel) => loop.RunAsync(async () =>
    {
        // What is replaced has to be what the leader made its wish from: nobody may have begun to take the session over.
        if (_etag is null
            && await ReadHereAsync(cancel) is var found
            && (found is not { State: SessionState.Open } || found.Generation + 1 != desired.Generation))
        {
            return (false, found);
        }

        var outcome = await records.SwapAsync(desired, _etag!, cancel);
        _etag = outcome.Current?.ETag;
        return (outcome.Swapped, outcome.Current?.Value);
    });

    /// <inheritdoc/>
    public Task<SessionRecord?> ReadAsync(CancellationToken cancel) => loop.RunAsync(() => ReadHereAsync(cancel));

    private async Task<SessionRecord?> ReadHereAsync(CancellationToken cancel)
    {
        var found = await records.ReadAsync(session, cancel);
        _etag = found?.ETag;
        return found?.Value;
    }
}
