using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Log;
using Skerry.Storage.Pages;

namespace Skerry.Storage;

/// <summary>
/// The background work of a node's storage: flushes databases that hold many pages in memory, redoes what a crash left,
/// and makes checkpoints. One loop; it alone advances the checkpoint.
/// </summary>
/// <remarks>
/// A checkpoint: (1) take the log's confirmed end; (2) redo and flush everything, so that the files hold all records
/// before it; (3) sync the file system; (4) replace the checkpoint file. If any step fails the old checkpoint stands,
/// and the next attempt starts anew.
/// </remarks>
internal sealed partial class Checkpointer
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly StandaloneStorage _node;
    private readonly NodeLog _log;
    private readonly NodeStorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<PageStore> _flushes = Channel.CreateBounded<PageStore>(
        new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private LogPosition _done;
    private long _bytesAtDone;
    private StorageException? _trouble;

    public Checkpointer(
        StandaloneStorage node, NodeLog log, NodeStorageOptions options, TimeProvider time, ILogger logger, LogPosition done)
    {
        _node = node;
        _log = log;
        _options = options;
        _time = time;
        _logger = logger;
        _done = done;
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>The newest failure that has not been made good yet.</summary>
    public StorageException? Trouble => Volatile.Read(ref _trouble);

    public void Report(StorageException e) => Volatile.Write(ref _trouble, e);

    /// <summary>Asks for a flush soon; forgotten if thousands are asked for already, the checkpoint will do it.</summary>
    public void RequestFlush(PageStore store) => _flushes.Writer.TryWrite(store);

    private async Task LoopAsync()
    {
        var interval = _options.CheckpointInterval;
        using var timer = new PeriodicTimer(RetryAfter, _time);
        var lastAttempt = _time.GetTimestamp();
        var tick = timer.WaitForNextTickAsync(_stop.Token).AsTask();
        var flush = _flushes.Reader.WaitToReadAsync(_stop.Token).AsTask();
        while (!_stop.IsCancellationRequested)
        {
            await Task.WhenAny(flush, tick).ConfigureAwait(false);
            if (_stop.IsCancellationRequested)
            {
                break;
            }

            while (_flushes.Reader.TryRead(out var store))
            {
                TryFlush(store);
            }

            if (flush.IsCompleted)
            {
                flush = _flushes.Reader.WaitToReadAsync(_stop.Token).AsTask();
            }

            if (tick.IsCompleted)
            {
                tick = timer.WaitForNextTickAsync(_stop.Token).AsTask();
            }

            var due = _log.BytesAppended - _bytesAtDone >= _options.CheckpointBytes
                || _time.GetElapsedTime(lastAttempt) >= interval
                || Trouble is not null;
            if (due && (_log.ConfirmedEnd != _done || Trouble is not null))
            {
                lastAttempt = _time.GetTimestamp();
                await TryRunAsync().ConfigureAwait(false);
            }
        }
    }

    private void TryFlush(PageStore store)
    {
        try
        {
            store.Flush();
        }
        catch (StorageException e)
        {
            Report(e);
            LogFailed(_logger, e);
        }
    }

    private async Task TryRunAsync()
    {
        try
        {
            await RunAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception e)
        {
            // Whatever it is, the loop goes on: without it the log would grow without end, and nobody would know.
            Report(e as StorageException ?? new StorageException($"A checkpoint in {_node.Folder} failed: {e.Message}", e));
            LogFailed(_logger, e);
        }
    }

    /// <summary>Makes one checkpoint, as described for the class.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (_node.PendingAlarms is not { } pendingAlarms)
        {
            // Whoever keeps the alarms has not taken them over yet: until then the log is all that knows them.
            return;
        }

        await _one.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            // 1. All records before this position are confirmed, and their stores know it.
            var end = _log.ConfirmedEnd;
            var bytes = _log.BytesAppended;

            // 2. Files take everything that the log has confirmed.
            foreach (var key in _node.Unredone)
            {
                cancel.ThrowIfCancellationRequested();
                _node.TryRedo(key);
            }

            foreach (var store in _node.OpenStores)
            {
                store.Flush();
            }

            if (_node.LogLostRecords || _node.Unredone.Any())
            {
                // Damaged objects keep their place in the log: their records may be all that is left of them.
                _bytesAtDone = bytes;
                var held = _node.LogLostRecords ? "records of the log were lost" : $"{_node.Unredone.First()} is damaged";
                Report(new StorageException($"Checkpoints are held back, so the log grows: {held}. Restore the file from a backup."));
                return;
            }

            // 3. and 4.
            DiskSync.FileSystem(_node.Folder);
            CheckpointFile.Write(_node.CheckpointPath, end, pendingAlarms());
            _done = end;
            _bytesAtDone = bytes;
            Volatile.Write(ref _trouble, null);
            if (!cancel.IsCancellationRequested && !_stop.IsCancellationRequested)
            {
                _node.TrimHistory(end, _stop.Token);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Ends the loop after a last checkpoint.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        if (_log.ConfirmedEnd != _done)
        {
            try
            {
                await RunAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (e is StorageException or IOException or UnauthorizedAccessException)
            {
                // The log has it; the next start redoes it.
                LogFailed(_logger, e);
            }
        }

        _stop.Dispose();
        _one.Dispose();
    }

    [LoggerMessage(1010, LogLevel.Warning, "A flush or checkpoint failed; it is tried again. Nothing is lost: the log has the data.")]
    private static partial void LogFailed(ILogger logger, Exception error);
}
