using Microsoft.Extensions.Logging;

namespace Skerry.Storage.Log;

/// <summary>
/// Writes zeros ahead of the writer, and creates the next segment before it is needed, so that a batch is written over
/// space that the file system has already accounted for. It never has to succeed: without it the writer extends
/// files itself, and it is the writer's failure that counts.
/// </summary>
internal sealed class SegmentPreparer(SegmentFolder folder, TimeProvider time, ILogger logger)
{
    // After a failure (mostly a full disk) it would only fail again at once.
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;
    private LogSegment? _next;
    private long? _failedAt;
    private bool _stopped;

    /// <summary>The writer's segment has changed, or was written to: prepares in the background what is worth it.</summary>
    public void Kick(LogSegment current)
    {
        if (!_running.IsCompleted || (current.PreparedTo >= current.Capacity && !NeedsNext(current)))
        {
            return;
        }

        if (_failedAt is { } failedAt && time.GetElapsedTime(failedAt) < RetryAfter)
        {
            return;
        }

        _failedAt = null;
        Start(current);
    }

    /// <summary>A segment for the writer, with a number above <paramref name="after"/>: the prepared one, or a new one.</summary>
    /// <exception cref="IOException">There is no space.</exception>
    public LogSegment TakeNext(uint after)
    {
        lock (_gate)
        {
            var next = _next ?? folder.Create(after + 1);
            _next = null;
            folder.Add(next);
            return next;
        }
    }

    /// <summary>Uses a segment that an earlier run of the node had prepared.</summary>
    public void Adopt(LogSegment next) => _next = next;

    /// <summary>Completes when nothing is being prepared any more, and nothing will be.</summary>
    public async Task StopAsync()
    {
        Volatile.Write(ref _stopped, true);
        await _running;
        _next?.Close();
    }

    // Apart from Kick, so that the closure is not made for each batch. A thread of its own, for a segment keeps a slow
    // disk busy for seconds, and the pool may have no more than two.
    private void Start(LogSegment current) =>
        _running = Task.Factory.StartNew(() => Run(current), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private bool NeedsNext(LogSegment current) => _next is null && current.End > current.Capacity / 2;

    private void Run(LogSegment current)
    {
        try
        {
            Fill(current);
            LogSegment? next;
            lock (_gate)
            {
                // The writer may have gone on while this one was filled.
                if (Volatile.Read(ref _stopped) || folder.Segments[^1] != current || !NeedsNext(current))
                {
                    return;
                }

                next = _next = folder.Create(current.Number + 1);
            }

            Fill(next);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _failedAt = time.GetTimestamp();
            NodeLogMessages.PrepareFailed(logger, folder.PathOf(current.Number), error);
        }
    }

    private void Fill(LogSegment segment)
    {
        if (segment.PreparedTo >= segment.Capacity)
        {
            return;
        }

        using var file = folder.OpenAgain(segment);
        while (!Volatile.Read(ref _stopped) && segment.Prepare(file))
        {
        }
    }
}
