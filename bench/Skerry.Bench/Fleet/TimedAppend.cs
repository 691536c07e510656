using System.Diagnostics;
using Skerry.Storage;
using Skerry.Storage.Log;

namespace Skerry.Bench.Fleet;

/// <summary>A record that notes when it was confirmed, on the thread that confirms it.</summary>
internal sealed class TimedAppend : AppendRequest
{
    private readonly TaskCompletionSource<double> _confirmed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _start;

    /// <summary>Appends the next record of an object.</summary>
    /// <returns>Microseconds from the append to the confirmation.</returns>
    public static Task<double> Run(NodeLog log, LogStream stream, ulong txid, ReadOnlyMemory<byte> payload)
    {
        var append = new TimedAppend { Stream = stream, Epoch = 1, Txid = txid, Payload = payload };
        append._start = Stopwatch.GetTimestamp();
        log.Append(append);
        return append._confirmed.Task;
    }

    /// <inheritdoc/>
    protected internal override void OnConfirmed(LogPosition position) => _confirmed.TrySetResult(Stopwatch.GetElapsedTime(_start).TotalMicroseconds);

    /// <inheritdoc/>
    protected internal override void OnFailed(StorageException error) => _confirmed.TrySetException(error);
}
