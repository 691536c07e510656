using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Archive;

/// <summary>Sessions that write one after the other, a bucket, and a clock, all on one thread.</summary>
internal sealed class UploadWorld
{
    private readonly Pump _pump = new();
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public UploadWorld(UploadOptions? options = null)
    {
        Options = options ?? new UploadOptions();
        Begin();
    }

    public UploadOptions Options { get; }

    public FakeTimeProvider Time { get; } = new(Start);

    public MemoryBucket Bucket { get; } = new();

    public ModelLog Log { get; private set; } = null!;

    public SessionBundles Bundles { get; private set; } = null!;

    public Uploader Uploader { get; private set; } = null!;

    public ulong Told { get; private set; }

    public Action<ulong>? OnUploaded { get; set; }

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    public Dictionary<ObjectKey, ModelObject> Models { get; } = [];

    private ulong _sessions;

    private void Begin()
    {
        Log = new ModelLog();
        Bundles = new SessionBundles(new SessionId(++_sessions));
        Uploader = new Uploader(Bucket, Bundles, Log, Options, Time, NullLogger.Instance);
        Told = 0;
        Uploader.Uploaded += sequence =>
        {
            Assert.True(sequence > Told);
            Told = sequence;
            OnUploaded?.Invoke(sequence);
        };
        _stop = new CancellationTokenSource();
        _running = _pump.Start(() => Uploader.RunAsync(_stop.Token));
    }

    public ModelObject Model(int number)
    {
        var key = ModelObject.NewKey(number);
        return Models.TryGetValue(key, out var model) ? model : Models[key] = new ModelObject(key, compressible: true);
    }

    public void Commit(int model, Random random, int pagesMax = 6)
    {
        Log.Append(Model(model).Commit(random, Log.Next(), NowMs, pagesMax));
    }

    /// <summary>Commits something of about so many bytes.</summary>
    public void CommitBytes(int model, int bytes)
    {
        var pages = Enumerable.Range((int)Log.Last + 1, Math.Max(1, bytes / 4096)).Select(static i => i * 7919).ToArray();
        Log.Append(Model(model).Commit(pages, Enumerable.Range(0, pages.Length), Log.Next(), NowMs));
    }

    public void Confirm()
    {
        Log.Confirm();
        _pump.Drain();
    }

    public void Advance(TimeSpan by, TimeSpan? step = null)
    {
        var one = step ?? TimeSpan.FromMilliseconds(100);
        for (var left = by; left > TimeSpan.Zero && !_running.IsCompleted; left -= one)
        {
            Time.Advance(left < one ? left : one);
            _pump.Drain();
        }

        if (_running.IsFaulted)
        {
            _running.GetAwaiter().GetResult();
        }
    }

    public void Run(Func<Task> what) => _pump.Run(what);

    public Task Begin(Func<Task> what)
    {
        var task = _pump.Start(what);
        _pump.Drain();
        return task;
    }

    /// <summary>
    /// The session ends where it stands. Somebody else takes over from it with what the followers hold: all that was
    /// confirmed but for what the session has told them to forget.
    /// </summary>
    public void Crash()
    {
        var held = Log.After(Told).ToArray();
        var told = Told;
        _stop.Cancel();
        _pump.Drain();
        Assert.True(_running.IsCompletedSuccessfully);
        Bucket.Fault = static _ => MemoryBucket.Failure.None;
        _pump.Run(async () =>
        {
            var bundles = await SessionBundles.LoadAsync(Bucket, Bundles.Session, CancellationToken.None);
            Assert.True(bundles.LastSequence >= told, $"the followers have forgotten up to {told}, and the bundles end at {bundles.LastSequence}");
            if (Log.ConfirmedSequence > bundles.LastSequence)
            {
                var key = BucketKeys.Bundle(bundles.Session, bundles.LastSequence + 1, Log.ConfirmedSequence);
                var file = BatchFile.Write([.. held.Where(r => r.Sequence > bundles.LastSequence)]);
                Bucket[key] = file;
                bundles.Add(BatchFile.ReadIndex(key, file));
            }

            foreach (var key in bundles.Objects)
            {
                await Promotion.PromoteAsync(Bucket, bundles, key, CancellationToken.None);
            }
        });
        Begin();
    }

    /// <summary>Every object is in the bucket as it was confirmed, in every one of its transactions.</summary>
    public void CheckAll(bool everyTransaction = true) => _pump.Run(async () =>
    {
        var bundles = await SessionBundles.LoadAsync(Bucket, Bundles.Session, CancellationToken.None);
        foreach (var model in Models.Values)
        {
            var archive = await ObjectArchive.OpenAsync(Bucket, model.Key, bundles, CancellationToken.None);
            Assert.Equal(model.StateOf(model.Newest), archive.Newest);
            for (var txid = everyTransaction ? 0 : model.Newest; txid <= model.Newest; txid++)
            {
                await model.CheckAsync(archive, txid);
            }
        }
    });
}
