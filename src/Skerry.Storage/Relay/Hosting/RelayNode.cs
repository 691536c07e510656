using Microsoft.Extensions.Logging;
using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;
using Skerry.Storage.Relay.Alarms;
using Skerry.Storage.Relay.Ownership;
using Skerry.Storage.Relay.Sessions;
using Skerry.Storage.Relay.Takeover;

namespace Skerry.Storage.Relay.Hosting;

/// <summary>
/// One node with a bucket: its storage, its session, what it stores for others, and its part in ownership and takeover.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <para>Life: opened (the folder is held, objects' host may attach); started (the session is in the bucket, followers
/// are connected, objects may be prepared); stopped in good order (everything uploaded, the session sealed), or fenced.</para>
/// <para>Threads: ownership and takeover run on one <see cref="RelayLoop"/>, uploads on another, so that putting a large
/// batch together holds up no claim; records go from the objects' threads to the spool's writer.</para>
/// </remarks>
public sealed partial class RelayNode : IObjectHome, IRelayService, IAsyncDisposable
{
    private readonly RelayNodeOptions _options;
    private readonly IBucket _bucket;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RelayLoop _loop = new();
    private readonly RelayLoop _uploads = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SelfTransport _transport;
    private readonly FollowerStore _followed;
    private readonly SessionBundles _bundles;
    private readonly RelayedStorage _storage;
    private readonly ControlPlane _plane;
    private readonly SessionRecords _sessions;
    private readonly PeerDirectory _peers;
    private readonly FolderProof _proof;
    private readonly List<Task> _background = [];
    private readonly string _spoolFolder;
    private Replicator _replicator = null!;
    private Uploader _uploader = null!;
    private IObjectHost _host = null!;
    private SessionAlarms _alarms = null!;
    private SessionTakeover _takeover = null!;
    private SessionCleanup _cleanup = null!;
    private ObjectClaims _claims = null!;
    private FailureDetector _detector = null!;
    private NodeSession _session = null!;
    private bool _proven;
    private int _fenced;
    private int _stopped;

    private RelayNode(
        NodeStorageOptions storage, RelayNodeOptions options, DataFolder folder, IBucket bucket, IRelayTransport transport, TimeProvider time, ILogger logger)
    {
        _options = options;
        _forgetAt = options.RememberedObjectsMax;
        _bucket = bucket;
        _time = time;
        _logger = logger;
        Self = new NodeInfo(NodeIdentity.Load(folder.Path), NodeIdentity.NewSession(), options.Name, options.Zone ?? options.Name, options.Address);
        _transport = new SelfTransport(Self, transport) { Service = this };
        _followed = FollowerStore.Open(
            new FollowerStoreOptions { Folder = Path.Combine(folder.Path, "followed"), LeaseDuration = options.Leader.LeaseDuration }, time, logger);
        _plane = new ControlPlane(Self, _transport, options.Control, time, new Random(), logger, _stopping.Token);
        _sessions = new SessionRecords(bucket, time, _plane.Random);
        _peers = new PeerDirectory(_plane, _sessions);
        _proof = new FolderProof(_plane, _sessions, new NodeRecords(bucket, time, _plane.Random), new FolderMarksFile(folder.Path));
        _bundles = new SessionBundles(Self.Session);
        _spoolFolder = Path.Combine(folder.Path, "spool");
        options.Upload.ScratchFolder = folder.Path;
        options.Upload.Retention = storage.HistoryRetention;
        _storage = new RelayedStorage(
            storage, folder, bucket, options.CacheBytesMax, new BucketHistory(bucket, _bundles, cancel => _uploader.FlushAsync(null, cancel)),
            () => _uploader.UploadedSequence, () => _uploader?.Trouble, ClaimForFirstWrite, time, logger);
    }

    /// <summary>This node, in this session.</summary>
    public NodeInfo Self { get; }

    /// <summary>Its databases.</summary>
    public NodeStorage Storage => _storage;

    /// <summary>Takes the data folder. Nothing is read from the bucket or said to anybody yet.</summary>
    /// <exception cref="StorageException">The folder is held, too new, damaged or not writable.</exception>
    public static RelayNode Open(
        NodeStorageOptions storage, RelayNodeOptions options, IBucket bucket, IRelayTransport transport, TimeProvider time, ILogger<RelayNode> logger)
    {
        ArgumentNullException.ThrowIfNull(storage);
        ArgumentNullException.ThrowIfNull(options);
        var folder = DataFolder.Acquire(storage.Folder);
        try
        {
            return new RelayNode(storage, options, folder, bucket, transport, time, logger);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Attach(IObjectHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        _host = host;
        var owners = new OwnerRecords(_bucket, _time, _plane.Random);
        var archive = new SessionArchive(_plane, _bucket, _bundles);
        _alarms = new SessionAlarms(_plane, _bucket, host);
        _takeover = new SessionTakeover(_plane, _sessions, archive, _alarms, host) { Locate = _peers.Locate };
        _cleanup = new SessionCleanup(_plane, _sessions, owners, archive, _alarms);
        _claims = new ObjectClaims(_plane, _sessions, owners, _takeover, archive, new ReleaseSteps(this));
        _detector = new FailureDetector(_plane, _sessions, _takeover, _peers);
        _session = new NodeSession(_plane, _sessions, _takeover, _alarms);
        _takeover.Sealed = session =>
        {
            _peers.Ended(session);
            _cleanup.Begin(session);
        };
        _peers.Missing = record => _detector.Suspect(record);
        _peers.LeftOver = record => _cleanup.Found(record, _peers.Live);
        _peers.Changed = () => _replicator?.PeersChanged([.. _peers.Live]);
    }

    /// <summary>
    /// Begins the session:
    /// <list type="number">
    /// <item>Prove that the data folder is no copy; before that nothing is stored for others, and nothing told of what is.</item>
    /// <item>See who is there.</item>
    /// <item>Make the session's record, with the followers it has from the start.</item>
    /// <item>Connect them, and begin to upload, to watch and to be found.</item>
    /// <item>Take over what this node's earlier runs have left, beside everything else.</item>
    /// </list>
    /// </summary>
    /// <exception cref="StorageException">The bucket cannot be used, or the data folder is a copy.</exception>
    public Task StartAsync(CancellationToken cancel) => _loop.RunAsync(async () =>
    {
        // 1.
        await _proof.BeginAsync(cancel);
        Volatile.Write(ref _proven, true);

        // 2.
        await _peers.RefreshAsync(cancel);

        // 3.
        var others = _peers.Live.ToArray();
        var record = await _session.OpenAsync(FollowerPolicy.Choose(Self, others, new HashSet<NodeId>()), _host.Membership, cancel);

        // 4.
        _replicator = Replicator.Open(
            new ReplicatorOptions
            {
                Folder = _spoolFolder,
                RetainedBytesMax = _options.NotUploadedBytesMax,
                Leader = _options.Leader,
            },
            record, new LeaderRecord(_sessions, _loop, Self.Session), _transport, _followed, _time, new Random(), _logger);
        _replicator.PeersChanged([.. _peers.Live]);
        _storage.Begin(_replicator.Log);
        var records = new AlarmWatch(_replicator.Log, _alarms, _loop);
        _uploader = new Uploader(_bucket, _bundles, records, _options.Upload, _time, _logger);
        _uploader.BeforeBundle = cancel => _loop.RunAsync(() => _alarms.FlushAsync(cancel));
        _uploader.Uploaded += _replicator.Uploaded;
        _background.Add(WatchFenceAsync());
        Begin("uploads", _uploads.RunAsync(() => _uploader.RunAsync(_stopping.Token)));
        Begin("alarms", _alarms.RunAsync(_stopping.Token));
        Begin("directory of peers", _peers.RunAsync(_stopping.Token));
        Begin("failure detector", _detector.RunAsync(_stopping.Token));
        Begin("clean-up", _cleanup.RunAsync(_stopping.Token));
        Begin("proof of its data folder", _proof.RunAsync(_stopping.Token));
        _started.TrySetResult();
        LogStarted(_logger, Self.Name, Self.Session.ToString(), record.Followers.Count);

        // 5.
        _background.Add(_session.RecoverOwnAsync(_stopping.Token));
    });

    /// <summary>
    /// Ends the session in good order; the objects have left memory before this.
    /// <list type="number">
    /// <item>Take no more records: one that were confirmed after the upload would be lost with the seal.</item>
    /// <item>Wait until those that were taken are confirmed or have failed.</item>
    /// <item>Upload, and seal the session.</item>
    /// </list>
    /// What cannot be uploaded within the time there is stays with the followers, and the session is left to be taken over.
    /// </summary>
    public async Task StopAsync(CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0 || !_started.Task.IsCompletedSuccessfully || Volatile.Read(ref _fenced) != 0)
        {
            return;
        }

        try
        {
            // 1.
            _replicator.Log.Refuse(new StorageException($"Node {Self.Name} is stopping, and takes no more writes."));

            // 2.
            while (_replicator.Log.QueuedBytes > 0)
            {
                await Task.Delay(LeaseLook, _time, cancel).ConfigureAwait(false);
            }

            // 3.
            await _uploads.RunAsync(() => _uploader.FlushAsync(null, cancel)).ConfigureAwait(false);
            await _loop.RunAsync(() => _session.CloseAsync(cancel)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StorageException or OperationCanceledException)
        {
            LogNotClosed(_logger, Self.Session.ToString(), e);
        }
    }

    /// <summary>Gives everything back. The session, if it is open, is left to be taken over.</summary>
    public async ValueTask DisposeAsync()
    {
        Interlocked.Exchange(ref _stopped, 1);
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _started.TrySetCanceled();
        await Task.WhenAll(_background).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_replicator is not null)
        {
            // What is not confirmed yet fails, so that the databases settle.
            await _replicator.DisposeAsync().ConfigureAwait(false);
        }

        // The storage gives the folder back, so it goes last.
        await _followed.DisposeAsync().ConfigureAwait(false);
        await _storage.DisposeAsync().ConfigureAwait(false);
        _uploads.Dispose();
        _loop.Dispose();
    }

    private void Begin(string what, Task task) => _background.Add(WatchAsync(what, task));

    // None of them ends by itself. A node that goes on without one would look well and not be: it must not.
    private async Task WatchAsync(string what, Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            LogBackgroundFailed(_logger, what, e);
            _host.Fenced($"Its {what} has failed: {e.Message}");
        }
    }

    private async Task WatchFenceAsync()
    {
        var reason = await _replicator.Fenced.WaitAsync(_stopping.Token);
        if (Interlocked.Exchange(ref _fenced, 1) == 0 && Volatile.Read(ref _stopped) == 0)
        {
            LogFenced(_logger, Self.Session.ToString(), reason);
            _host.Fenced(reason.Message);
        }
    }

    [LoggerMessage(1440, LogLevel.Information, "Node {Node} has begun session {Session} with {Followers} followers.")]
    private static partial void LogStarted(ILogger logger, string node, string session, int followers);

    [LoggerMessage(1441, LogLevel.Warning, "Session {Session} could not be ended in good order; another node, or this one's next start, recovers it.")]
    private static partial void LogNotClosed(ILogger logger, string session, Exception error);

    [LoggerMessage(1442, LogLevel.Critical, "Session {Session} of this node has been taken over; the process ends.")]
    private static partial void LogFenced(ILogger logger, string session, Exception error);

    [LoggerMessage(1443, LogLevel.Critical, "A part of this node has failed: {What}.")]
    private static partial void LogBackgroundFailed(ILogger logger, string what, Exception error);
}
