using System.Runtime.CompilerServices;
using Skerry.Storage.Archive;
using Skerry.Storage.Log;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>
/// The confirmed records of this node's spool, as its uploader reads them. Every record passes here once, in order: that
/// is also how the session learns of alarms.
/// </summary>
/// <param name="spool">The log.</param>
/// <param name="alarmChanged">Told of each change of an object's alarm; Unix milliseconds, 0 for none. Called by the reader.</param>
/// <param name="time">The clock.</param>
internal sealed class SpoolRecords(NodeLog spool, Action<ObjectKey, long> alarmChanged, TimeProvider time) : IConfirmedRecords
{
    // Batches wait for seconds, and a flush does not wait for this: looking now and then costs less than being told.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<ObjectKey, long> _alarms = [];

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
    public async Task WaitBeyondAsync(ulong sequence, CancellationToken cancel)
    {
        while (spool.ConfirmedSequence <= sequence)
        {
            await Task.Delay(Look, time, cancel);
        }
    }
}
