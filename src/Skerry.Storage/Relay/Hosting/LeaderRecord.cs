using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>This session's own record, as its leader changes it. Only the leader and whoever takes the session over write it.</summary>
internal sealed class LeaderRecord(SessionRecords sessions, RelayLoop loop, SessionId session) : ILeaderRecord
{
    private string? _etag;

    /// <inheritdoc/>
    public Task<(bool Written, SessionRecord? Current)> SwapAsync(SessionRecord desired, CancellationToken cancel) => loop.RunAsync(async () =>
    {
        // A version that was never seen is not written over: it may be somebody's who takes the session over.
        if (_etag is null && await sessions.ReadAsync(session, cancel) is { } found)
        {
            if (found.Value.State != SessionState.Open || found.Value.Generation != desired.Generation - 1)
            {
                return (false, found.Value);
            }

            _etag = found.ETag;
        }

        if (_etag is null)
        {
            return (false, null);
        }

        var known = _etag;
        _etag = null;
        var outcome = await sessions.SwapAsync(desired, known, cancel);
        _etag = outcome.Current?.ETag;
        return (outcome.Swapped, outcome.Current?.Value);
    });

    /// <inheritdoc/>
    public Task<SessionRecord?> ReadAsync(CancellationToken cancel) => loop.RunAsync(async () =>
    {
        var found = await sessions.ReadAsync(session, cancel);
        _etag = found?.ETag;
        return found?.Value;
    });
}
