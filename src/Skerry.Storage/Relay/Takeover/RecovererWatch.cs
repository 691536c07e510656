using Skerry.Storage.Relay.Sessions;

namespace Skerry.Storage.Relay.Takeover;

/// <summary>
/// Finds out whether the session that takes another one over is gone. Being wrong is safe: whoever goes on in its place
/// does so with a higher recovery epoch, and only one of them can seal.
/// </summary>
internal sealed class RecovererWatch(ControlPlane plane, SessionRecords sessions, SessionRecord record)
{
    // A recoverer that does not answer three times in a row is as good as gone.
    private const int SilenceMax = 3;

    private readonly long _since = plane.Time.GetTimestamp();
    private int _silent;

    /// <summary>The attempt that is watched.</summary>
    public int Epoch => record.RecoveryEpoch;

    /// <summary>Looks once.</summary>
    public async Task<bool> IsGoneAsync(CancellationToken cancel)
    {
        if (record.Recoverer is not { } recoverer || plane.Time.GetElapsedTime(_since) > plane.Options.RecoveryPatience)
        {
            return true;
        }

        var answer = await PeerCall.GreetAsync(plane, recoverer, cancel);
        _silent = answer.IsAlive ? 0 : _silent + 1;
        return answer.IsGone
            || _silent >= SilenceMax
            || (await sessions.ReadAsync(recoverer.Session, cancel))?.Value.State != SessionState.Open;
    }
}
