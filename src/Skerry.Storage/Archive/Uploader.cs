using Microsoft.Extensions.Logging;
using Skerry.Storage.Buckets;

namespace Skerry.Storage.Archive;

/// <summary>
/// Brings a session's confirmed records into the bucket, in the order of their sequences, and looks after the files that
/// come of it. What is done when is <see cref="UploadPlan"/>'s to decide; this carries it out. Thread-safe; whoever
/// creates it runs and awaits <see cref="RunAsync"/>.
/// </summary>
/// <remarks>
/// It holds at most one batch in memory: while the bucket cannot be reached records wait in the log, and it tries again
/// for as long as it takes. It keeps to the synchronization context that it is run on.
/// </remarks>
public sealed partial class Uploader
{
    private const int ParallelFiles = 4;
    private const int ParallelWork = 4;
    private const int SpentBundlesMax = 64;

    private readonly Lock _lock = new();
    private readonly BucketMeter _bucket;
    private readonly SessionBundles _bundles;
    private readonly IConfirmedRecords _log;
    private readonly UploadOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly UploadPlan _plan;
    private readonly ObjectCosts _costs = new();
    private readonly List<(ulong Sequence, TaskCompletionSource Done)> _flushes = [];
    private readonly Wakeup _uploadLoop = new();
    private readonly Wakeup _workLoop = new();
    private ulong _uploaded;
    private long _underWayBytes;
    private bool _ended;
    private long _batches;
    private long _promotions;
    private long _snapshots;
    private long _tidyAtMs;
    private long? _batchSince;
    private StorageException? _uploadTrouble;
    private StorageException? _workTrouble;

    /// <summary>Creates an uploader for a session that has uploaded everything up to the last sequence of its bundles.</summary>
    public Uploader(
        IBucket bucket, SessionBundles bundles, IConfirmedRecords log, UploadOptions options, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _bucket = new BucketMeter(bucket);
        _bundles = bundles;
        _log = log;
        _options = options;
        _time = time;
        _logger = logger;
        _plan = new UploadPlan(options);
        _uploaded = bundles.LastSequence;
    }

    /// <summary>
    /// Awaited before each bundle: what a takeover must find at the latest with it. A takeover does not look at records
    /// that a bundle says are in the bucket.
    /// </summary>
    public Func<CancellationToken, Task>? BeforeBundle { get; set; }

    /// <summary>Called with the sequence up to which everything is in the bucket, whenever it has grown. Must neither block nor throw.</summary>
    public event Action<ulong>? Uploaded;

    /// <summary>Every confirmed record up to this sequence is in the bucket.</summary>
    public ulong UploadedSequence
    {
        get
        {
            lock (_lock)
            {
                return _uploaded;
            }
        }
    }

    /// <summary>Why something is not in the bucket that should be; null if all is well.</summary>
    public StorageException? Trouble
    {
        get
        {
            lock (_lock)
            {
                return _uploadTrouble ?? Slowness() ?? _workTrouble;
            }
        }
    }

    /// <summary>What has been done so far.</summary>
    public UploadFigures Figures
    {
        get
        {
            lock (_lock)
            {
                return new UploadFigures(_uploaded, _plan.GatheredBytes + _underWayBytes, _batches, _promotions, _snapshots, _bucket.Use);
            }
        }
    }

    /// <summary>What an object has cost in this session, since it was last idle for so long that it was forgotten.</summary>
    public ObjectCost CostOf(ObjectKey key)
    {
        lock (_lock)
        {
            return _costs.Of(key);
        }
    }

    /// <inheritdoc cref="IUploadCosts.Costliest"/>
    public IReadOnlyList<KeyValuePair<ObjectKey, ObjectCost>> Costliest(int count)
    {
        KeyValuePair<ObjectKey, ObjectCost>[] all;
        lock (_lock)
        {
            all = _costs.ToArray();
        }

        // Sorting thousands takes longer than uploads should wait.
        return [.. all.OrderByDescending(static one => one.Value.Puts).ThenByDescending(static one => one.Value.PutBytes).Take(count)];
    }

    /// <summary>An object has been claimed, and its history read for that: it need not be read again to know when a snapshot is due.</summary>
    public void Adopt(ObjectArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        lock (_lock)
        {
            _plan.Adopt(archive.Key, archive.LogBytes, (long)archive.Newest.PageCount * Sqlite.IPageFile.PageSize);
        }

        _workLoop.Set();
    }

    /// <summary>Uploads, promotes, makes snapshots and tidies up until it is cancelled. What is gathered then is not uploaded: flush first.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] loops = [UploadAsync(stop.Token), WorkAsync(stop.Token), SweepAsync(stop.Token)];
        try
        {
            // None ends by itself, so the first to end is cancelled or has a bug.
            await await Task.WhenAny(loops);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
        finally
        {
            stop.Cancel();
            await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            FailFlushes();
        }
    }

    /// <summary>
    /// Uploads at once what was confirmed when it was called. With an object, also promotes it, so that nothing in its
    /// history depends on this session's bundles: then it can be given to another session. Waits for as long as the bucket
    /// cannot be reached.
    /// </summary>
    /// <param name="key">The object; null for none in particular.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="StorageException">The uploader has stopped, or a bundle is damaged.</exception>
    public async Task FlushAsync(ObjectKey? key, CancellationToken cancel)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sequence = _log.ConfirmedSequence;
        lock (_lock)
        {
            if (sequence > _uploaded && _ended)
            {
                throw Ended();
            }

            if (sequence > _uploaded)
            {
                _flushes.Add((sequence, done));
            }
            else
            {
                done.SetResult();
            }
        }

        _uploadLoop.Set();
        using (cancel.Register(() => done.TrySetCanceled(cancel)))
        {
            await done.Task;
        }

        for (var delay = _options.RetryDelay; key is { } promote; delay = Longer(delay))
        {
            try
            {
                await PromoteAsync(promote, cancel);
                return;
            }
            catch (BucketException e)
            {
                ReportWork(e);
                await Task.Delay(delay, _time, cancel);
            }
        }
    }

    /// <summary>The object belongs to another session from now on: nothing more is to be done for it here.</summary>
    public void Forget(ObjectKey key)
    {
        lock (_lock)
        {
            _plan.Forget(key);
            _costs.Forget(key);
        }
    }

    private async Task UploadAsync(CancellationToken cancel)
    {
        var read = UploadedSequence;
        while (true)
        {
            read = await PersistAsync(() => GatherAsync(read, cancel), cancel);
            if (TakeBatch(read) is { } batch)
            {
                lock (_lock)
                {
                    _batchSince = Now;
                }

                await PersistAsync(() => UploadAsync(batch, cancel), cancel);
                lock (_lock)
                {
                    _batchSince = null;
                }

                _workLoop.Set();
                continue;
            }

            await WaitForRecordsAsync(read, cancel);
        }
    }

    // Reads on until the batch is full or nothing more is confirmed. What was gathered before an error stays gathered.
    private async Task<ulong> GatherAsync(ulong read, CancellationToken cancel)
    {
        var confirmed = _log.ConfirmedSequence;
        lock (_lock)
        {
            read = Math.Max(read, _plan.LastGathered);
            if (confirmed <= read || _plan.IsFull)
            {
                return read;
            }
        }

        await foreach (var record in _log.ReadAsync(read + 1, cancel))
        {
            lock (_lock)
            {
                _plan.Gather(record, Now);
                if (_plan.IsFull)
                {
                    return record.Sequence;
                }
            }

            if (record.Sequence >= confirmed)
            {
                return record.Sequence;
            }
        }

        return confirmed;
    }

    private UploadBatch? TakeBatch(ulong read)
    {
        lock (_lock)
        {
            var flush = _flushes.Count > 0 && _flushes.Exists(f => f.Sequence > _uploaded);
            if (_plan.IsEmpty)
            {
                // Sequences of nothing but records that failed need no place in the bucket.
                CompleteFlushes(read);
                return null;
            }

            if (_plan.DueAtMs > Now && !flush)
            {
                return null;
            }

            _underWayBytes = _plan.GatheredBytes;
            return _plan.Close(_uploaded + 1, read);
        }
    }

    // 1. Files of single objects. 2. What must not be later than the bundle. 3. The bundle, which says that everything up to
    // its end is there. 4. Tell.
    private async Task<bool> UploadAsync(UploadBatch batch, CancellationToken cancel)
    {
        foreach (var some in batch.OwnFiles.Chunk(ParallelFiles))
        {
            await Task.WhenAll(some.Select(r => Promotion.WriteAsync(_bucket, r[0].Key, r, cancel)));
        }

        if (BeforeBundle is { } before)
        {
            await before(cancel);
        }

        var key = BucketKeys.Bundle(_bundles.Session, batch.First, batch.Last);
        using var content = BatchFile.Open(batch.Bundle, out var entries);
        await BatchUpload.PutAsync(_bucket, key, content, cancel);
        _bundles.Add(new BatchIndex(key, entries, content.Length));
        lock (_lock)
        {
            _plan.Uploaded(batch, Now);
            _uploaded = batch.Last;
            _underWayBytes = 0;
            _batches++;
            _costs.Charge(batch, content.Length);

            // With the plan's knowledge of an object goes what it has cost.
            if (_costs.Count > _options.RememberedObjectsMax + (2 * _plan.Remembered))
            {
                _costs.ForgetUnless(_plan.Knows);
            }

            CompleteFlushes(batch.Last);
        }

        Uploaded?.Invoke(batch.Last);
        return true;
    }

    /// <summary>Objects of which the uploader remembers something.</summary>
    internal int Remembered
    {
        get
        {
            lock (_lock)
            {
                return Math.Max(_plan.Remembered, _costs.Count);
            }
        }
    }

    private async Task WaitForRecordsAsync(ulong read, CancellationToken cancel)
    {
        long? due;
        lock (_lock)
        {
            due = _plan.DueAtMs;
        }

        if (due is not null)
        {
            // Records come by the thousand; they are read together.
            var wait = Math.Clamp(due.Value - Now, 1, (long)_options.GatherInterval.TotalMilliseconds);
            await _uploadLoop.WaitAsync(_time, TimeSpan.FromMilliseconds(wait), cancel);
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var grown = WakeWhenGrownAsync(read, stop.Token);
        try
        {
            await _uploadLoop.WaitAsync(_time, null, cancel);
        }
        finally
        {
            stop.Cancel();
            await grown;
        }
    }

    private async Task WakeWhenGrownAsync(ulong read, CancellationToken cancel)
    {
        try
        {
            await _log.WaitBeyondAsync(read, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return;
        }
        catch
        {
            _uploadLoop.Set();
            throw;
        }

        _uploadLoop.Set();
    }

    private async Task WorkAsync(CancellationToken cancel)
    {
        _tidyAtMs = Now + (long)_options.TrashDelay.TotalMilliseconds;
        var delay = _options.RetryDelay;
        while (true)
        {
            IReadOnlyList<UploadWork> work;
            long? next;
            lock (_lock)
            {
                work = _plan.TakeWork(Now, ParallelWork);
                next = _plan.NextWorkAtMs;
            }

            if (work.Count > 0)
            {
                var bucketAnswers = (await Task.WhenAll(work.Select(w => DoAsync(w, cancel)))).All(static done => done);
                delay = bucketAnswers ? _options.RetryDelay : Longer(delay);
                if (!bucketAnswers)
                {
                    await Task.Delay(delay, _time, cancel);
                }

                continue;
            }

            if (Now >= _tidyAtMs || _bundles.Spent().Count >= SpentBundlesMax)
            {
                await TidyAsync(cancel);
                continue;
            }

            var tidy = Math.Max(1, _tidyAtMs - Now);
            var wait = Math.Clamp((next ?? long.MaxValue) - Now, 1, tidy);
            await _workLoop.WaitAsync(_time, TimeSpan.FromMilliseconds(wait), cancel);
        }
    }

    // False if it is the bucket that does not answer: then there is no use in trying with the next object.
    private async Task<bool> DoAsync(UploadWork work, CancellationToken cancel)
    {
        try
        {
            switch (work.Kind)
            {
                case UploadWorkKind.Promote:
                    await PromoteAsync(work.Key, cancel);
                    break;
                case UploadWorkKind.Inspect:
                    var found = await ObjectArchive.OpenAsync(_bucket, work.Key, _bundles, cancel);
                    lock (_lock)
                    {
                        _plan.Inspected(work.Key, found.LogBytes);
                    }

                    break;
                case UploadWorkKind.Snapshot:
                    await SnapshotAsync(work.Key, cancel);
                    break;
            }

            ReportWork(null);
            return true;
        }
        catch (StorageException e)
        {
            LogWorkFailed(_logger, work.Kind, work.Key, e);
            ReportWork(e);
            lock (_lock)
            {
                _plan.Failed(work.Key, Now + (long)_options.RetryDelayMax.TotalMilliseconds);
            }

            return e is not BucketException;
        }
    }

    private async Task PromoteAsync(ObjectKey key, CancellationToken cancel)
    {
        var written = await Promotion.PromoteAsync(_bucket, _bundles, key, cancel);
        var left = _bundles.EntriesOf(key).Sum(static e => (long)e.Entry.Length);
        lock (_lock)
        {
            _plan.Promoted(key, left, Now);
            _promotions += written.Count;
            foreach (var file in written)
            {
                _costs.Charge(key, 1, file.Bytes);
            }
        }
    }

    private async Task SnapshotAsync(ObjectKey key, CancellationToken cancel)
    {
        var archive = await ObjectArchive.OpenAsync(_bucket, key, _bundles, cancel);
        if (archive.LogBytes <= Math.Max((long)archive.Newest.PageCount * Sqlite.IPageFile.PageSize, _options.SnapshotBytesMin))
        {
            lock (_lock)
            {
                _plan.Inspected(key, archive.LogBytes);
            }

            return;
        }

        var snapshot = await SnapshotMaker.MakeAsync(_bucket, archive, archive.Newest.Transaction, _options.ScratchFolder, cancel);
        lock (_lock)
        {
            _plan.Snapshotted(key);
            _snapshots++;
            _costs.Charge(key, 1, snapshot.Bytes);
        }

        await Retention.ApplyAsync(_bucket, key, _options, _time.GetUtcNow().ToUnixTimeMilliseconds(), cancel);
    }

    private async Task TidyAsync(CancellationToken cancel)
    {
        try
        {
            var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            var spent = _bundles.Spent();
            await Trash.AddAsync(_bucket, spent, null, now + (long)_options.TrashDelay.TotalMilliseconds, cancel);
            _bundles.Forget(spent);
            if (Now >= _tidyAtMs)
            {
                await Trash.EmptyAsync(_bucket, now, cancel);
            }
        }
        catch (StorageException e)
        {
            LogTidyFailed(_logger, _bucket.Description, e);
        }

        _tidyAtMs = Now + (long)_options.TrashDelay.TotalMilliseconds;
    }

    // Every session does it for all objects, at a time of its own: those in use see to themselves, and those at rest must
    // not depend on anybody in particular.
    private async Task SweepAsync(CancellationToken cancel)
    {
        var share = (double)(ulong)(_bundles.Session.Value % 1000) / 1000;
        await Task.Delay(_options.SweepInterval * ((share * 0.9) + 0.1), _time, cancel);
        while (true)
        {
            try
            {
                await RetentionSweep.RunAsync(
                    _bucket,
                    _options,
                    _time.GetUtcNow().ToUnixTimeMilliseconds(),
                    null,
                    (key, e) => LogSweepFailed(_logger, key, e),
                    cancel);
            }
            catch (BucketException e)
            {
                LogTidyFailed(_logger, _bucket.Description, e);
            }

            await Task.Delay(_options.SweepInterval, _time, cancel);
        }
    }

    // Nothing but success or the end of the session ends the attempts: what is not in the bucket is not dropped.
    private async Task<T> PersistAsync<T>(Func<Task<T>> attempt, CancellationToken cancel)
    {
        for (var delay = _options.RetryDelay; ; delay = Longer(delay))
        {
            try
            {
                var result = await attempt();
                ReportUpload(null);
                return result;
            }
            catch (StorageException e)
            {
                ReportUpload(e);
            }

            await Task.Delay(delay, _time, cancel);
        }
    }

    // A bucket that does not answer is found out to fail only after all tries of one request.
    private StorageException? Slowness() =>
        _batchSince is { } since && Now - since > (long)_options.SlowAfter.TotalMilliseconds
            ? new StorageException($"Nothing has got into {_bucket.Description} for {(Now - since) / 1000} s. Confirmed writes stay with the followers and in the log meanwhile. Check that it runs, and the way there.")
            : null;

    private TimeSpan Longer(TimeSpan delay) => TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, _options.RetryDelayMax.Ticks));

    private void ReportWork(StorageException? trouble)
    {
        lock (_lock)
        {
            _workTrouble = trouble;
        }
    }

    private void ReportUpload(StorageException? trouble)
    {
        bool news;
        lock (_lock)
        {
            news = (trouble is null) != (_uploadTrouble is null);
            _uploadTrouble = trouble;
        }

        if (news && trouble is not null)
        {
            LogUploadFailed(_logger, _bucket.Description, trouble);
        }
        else if (news)
        {
            LogUploadWorks(_logger, _bucket.Description);
        }
    }

    private void CompleteFlushes(ulong sequence)
    {
        foreach (var (_, done) in _flushes.Where(f => f.Sequence <= sequence))
        {
            done.TrySetResult();
        }

        _flushes.RemoveAll(f => f.Sequence <= sequence);
    }

    private void FailFlushes()
    {
        lock (_lock)
        {
            _ended = true;
            foreach (var (_, done) in _flushes)
            {
                done.TrySetException(Ended());
            }

            _flushes.Clear();
        }
    }

    private static StorageException Ended() => new("The session has ended before everything was in the bucket; its followers hold it.");

    private long Now => (long)_time.GetElapsedTime(0).TotalMilliseconds;
}
