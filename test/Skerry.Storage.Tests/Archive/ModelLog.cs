using System.Runtime.CompilerServices;
using Skerry.Storage.Archive;

namespace Skerry.Storage.Tests.Archive;

/// <summary>A session's log in memory; what is in it is confirmed when the test says so.</summary>
internal sealed class ModelLog : IConfirmedRecords
{
    private readonly List<ArchivedRecord> _records = [];
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ulong Last { get; private set; }

    public ulong ConfirmedSequence { get; private set; }

    public int Failures { get; set; }

    public IEnumerable<ArchivedRecord> After(ulong sequence) => _records.Where(r => r.Sequence > sequence && r.Sequence <= ConfirmedSequence);

    public ulong Next() => ++Last;

    public void Append(ArchivedRecord record) => _records.Add(record);

    /// <summary>Everything appended is decided now.</summary>
    public void Confirm()
    {
        if (ConfirmedSequence == Last)
        {
            return;
        }

        ConfirmedSequence = Last;
        var grown = _grown;
        _grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        grown.TrySetResult();
    }

    public async IAsyncEnumerable<ArchivedRecord> ReadAsync(ulong fromSequence, [EnumeratorCancellation] CancellationToken cancel)
    {
        var confirmed = ConfirmedSequence;
        foreach (var record in _records.Where(r => r.Sequence >= fromSequence && r.Sequence <= confirmed).ToArray())
        {
            await Task.Yield();
            if (Failures > 0)
            {
                Failures--;
                throw new StorageException("the spool cannot be read");
            }

            yield return record;
        }
    }

    public async Task WaitBeyondAsync(ulong sequence, CancellationToken cancel)
    {
        while (ConfirmedSequence <= sequence)
        {
            // Not through the thread pool, where the test could not see it.
            var grown = _grown = _grown.Task.IsCompleted ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : _grown;
            using var cancelled = cancel.Register(() => grown.TrySetCanceled(cancel));
            await grown.Task;
        }
    }
}
