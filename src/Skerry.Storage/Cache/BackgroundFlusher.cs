using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Pages;

namespace Skerry.Storage.Cache;

/// <summary>
/// Writes confirmed pages of open databases into their files, unsynced: those of databases that hold many in memory when
/// they are reported, all now and then. One loop.
/// </summary>
internal sealed partial class BackgroundFlusher
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Func<ICollection<PageStore>> _open;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<PageStore> _requests = Channel.CreateBounded<PageStore>(
        new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private StorageException? _trouble;

    public BackgroundFlusher(Func<ICollection<PageStore>> open, TimeProvider time, ILogger logger)
    {
        _open = open;
        _time = time;
        _logger = logger;
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>Why the last flush failed; null if it did not.</summary>
    public StorageException? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Notes a flush that failed elsewhere.</summary>
    public void Report(StorageException error) => Volatile.Write(ref _trouble, error);

    /// <summary>Asks for a flush soon; forgotten if thousands are asked for already.</summary>
    public void Request(PageStore store) => _requests.Writer.TryWrite(store);

    /// <summary>Flushes all open databases.</summary>
    public void FlushAll()
    {
        foreach (var store in _open())
        {
            TryFlush(store);
        }
    }

    private async Task LoopAsync()
    {
        using var timer = new PeriodicTimer(Interval, _time);
        var tick = timer.WaitForNextTickAsync(_stop.Token).AsTask();
        var request = _requests.Reader.WaitToReadAsync(_stop.Token).AsTask();
        while (!_stop.IsCancellationRequested)
        {
            await Task.WhenAny(request, tick).ConfigureAwait(false);
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            while (_requests.Reader.TryRead(out var store))
            {
                TryFlush(store);
            }

            if (request.IsCompleted)
            {
                request = _requests.Reader.WaitToReadAsync(_stop.Token).AsTask();
            }

            if (tick.IsCompleted)
            {
                tick = timer.WaitForNextTickAsync(_stop.Token).AsTask();
                FlushAll();
            }
        }
    }

    private void TryFlush(PageStore store)
    {
        try
        {
            store.Flush();
            Volatile.Write(ref _trouble, null);
        }
        catch (StorageException error)
        {
            Report(error);
            LogFailed(_logger, store.Key.ToString(), error);
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    [LoggerMessage(1030, LogLevel.Warning, "The local copy of {Key} could not be written; it stays in memory, and the followers or the bucket have it.")]
    private static partial void LogFailed(ILogger logger, string key, Exception error);
}
