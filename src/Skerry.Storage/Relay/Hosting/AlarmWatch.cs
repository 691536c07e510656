using System.Runtime.CompilerServices;
using Skerry.Storage.Archive;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>
/// The confirmed records of this node's log, as its uploader reads them. Every record passes here once, in order: that
/// is how the session learns of alarms.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="changed">Told of each change of an object's alarm; Unix milliseconds, 0 for none. Called by the reader.</param>
internal sealed class AlarmWatch(IConfirmedRecords log, Action<ObjectKey, long> changed) : IConfirmedRecords
{
    private readonly Dictionary<ObjectKey, long> _alarms = [];

    /// <inheritdoc/>
    public ulong ConfirmedSequence => log.ConfirmedSequence;

    /// <inheritdoc/>
    public async IAsyncEnumerable<ArchivedRecord> ReadAsync(ulong fromSequence, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var record in log.ReadAsync(fromSequence, cancel))
        {
            if (record.AlarmMs == 0 ? _alarms.Remove(record.Key) : !_alarms.TryGetValue(record.Key, out var known) || known != record.AlarmMs)
            {
                if (record.AlarmMs != 0)
                {
                    _alarms[record.Key] = record.AlarmMs;
                }

                changed(record.Key, record.AlarmMs);
            }

            yield return record;
        }
    }

    /// <inheritdoc/>
    public Task WaitBeyondAsync(ulong sequence, CancellationToken cancel) => log.WaitBeyondAsync(sequence, cancel);
}
