using Microsoft.Extensions.Logging;
using Skerry.Storage.Relay.Grpc;

namespace Skerry.Storage.Relay.Security;

/// <summary>
/// Tells of callers that are no nodes of this cluster: the first at once, and then at most one in <see cref="Quiet"/>, with
/// how many there were since. Whoever reaches the port can call as often as he likes. Thread-safe.
/// </summary>
public sealed class RefusedCallers(ILogger logger, TimeProvider time, string hint)
{
    /// <summary>How long nothing is told after something was.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _toldAt;
    private long _untold = -1;

    /// <summary>A caller was refused.</summary>
    public void Add(string peer, string objection)
    {
        long untold;
        lock (_lock)
        {
            if (_untold >= 0 && time.GetElapsedTime(_toldAt) < Quiet)
            {
                _untold++;
                return;
            }

            untold = Math.Max(_untold, 0);
            (_untold, _toldAt) = (0, time.GetTimestamp());
        }

        RelayLog.CallerRefused(logger, peer, objection, hint, untold);
    }
}
