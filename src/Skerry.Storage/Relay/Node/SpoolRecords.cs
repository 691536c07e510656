using System.Runtime.CompilerServices;
using Skerry.Storage.Archive;
using Skerry.Storage.Log;

namespace Skerry.Storage.Relay.Node;

/// <summary>
/// The confirmed records of this node's spool, as its uploader reads them. Every record passes here once, in order: that
/// is also how the session learns of alarms.
/// </summary>
/// <param name="spool">The log.</param>
/// <param name="alarmChanged">Told of each change of an object's alarm; Unix milliseconds, 0 for none. Called by the reader.</param>
internal sealed class SpoolRecords(NodeLog spool, Action<ObjectKey, long> alarmChanged) : IConfirmedRecords
{
    private readonly Dictionary<ObjectKey, long> _alarms = [];
    private readonly Lock _lock = new();
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isAwaited;

    /// <inheritdoc/>
    public ulong ConfirmedSequence => spool.ConfirmedSequence;

    /// <inheritdoc/>
    public async IAsyncEnumerable<ArchivedRecord> ReadAsync(ulong fromSequence, [EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        foreach (var record in spool.ReadConfirmed(fromSequence - 1))
        {
            cancel.ThrowIfCancellationRequested();
            if (record.AlarmMs == 0 ? _alarms.Remove(record.Key) : !_alarms.TryGetValue(record.Key, out var known) || known != record.AlarmMs)
            {
                if (record.AlarmMs != 0)
                {
                    _alarms[record.Key] = record.AlarmMs;
                }

                alarmChanged(record.Key, record.AlarmMs);
            }

            yield return record with { Ltx = record.Ltx.ToArray() };
        }
    }

    /// <inheritdoc/>
    public Task WaitBeyondAsync(ulong sequence, CancellationToken cancel)
    {
        lock (_lock)
        {
            // Noted before looking: whoever confirms looks at the note after confirming.
            Interlocked.Exchange(ref _isAwaited, true);
            return spool.ConfirmedSequence > sequence ? Task.CompletedTask : _grown.Task.WaitAsync(cancel);
        }
    }

    /// <summary>More is confirmed. Called for every confirmation, so it does nothing unless somebody waits.</summary>
    public void Grown()
    {
        Interlocked.MemoryBarrier();
        if (!Volatile.Read(ref _isAwaited))
        {
            return;
        }

        lock (_lock)
        {
            _isAwaited = false;
            _grown.TrySetResult();
            _grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
