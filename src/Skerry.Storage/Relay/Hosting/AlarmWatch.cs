using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay.Alarms;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>
/// The confirmed records of this node's log, as its uploader reads them. Every record passes here once, in order: that
/// is how the session learns of alarms.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="alarms">The session's table. It is told of what differs from it only: records come by the thousand.</param>
/// <param name="loop">Where the table lives.</param>
internal sealed class AlarmWatch(IConfirmedRecords log, SessionAlarms alarms, SynchronizationContext loop) : IConfirmedRecords
{
    // What the table has been told and has not taken in yet, by the record that told it.
    private readonly ConcurrentDictionary<ObjectKey, (ulong Sequence, long DueMs)> _onTheWay = new();

    /// <inheritdoc/>
    public ulong ConfirmedSequence => log.ConfirmedSequence;

    /// <inheritdoc/>
    public async IAsyncEnumerable<ArchivedRecord> ReadAsync(ulong fromSequence, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var record in log.ReadAsync(fromSequence, cancel))
        {
            if (record.AlarmMs != Known(record.Key))
            {
                Tell(record.Key, record.Sequence, record.AlarmMs);
            }

            yield return record;
        }
    }

    /// <inheritdoc/>
    public Task WaitBeyondAsync(ulong sequence, CancellationToken cancel) => log.WaitBeyondAsync(sequence, cancel);

    private long Known(ObjectKey key) => _onTheWay.TryGetValue(key, out var told) ? told.DueMs : alarms.DueOf(key);

    private void Tell(ObjectKey key, ulong sequence, long dueMs)
    {
        _onTheWay[key] = (sequence, dueMs);
        loop.Post(
            _ =>
            {
                alarms.Set(key, dueMs);
                _onTheWay.TryRemove(new(key, (sequence, dueMs)));
            },
            null);
    }
}
