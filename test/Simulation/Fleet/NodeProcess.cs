using Microsoft.Extensions.Logging;
using Skerry.Simulation.Bugs;
using Skerry.Simulation.World;
using Skerry.Storage;
using Skerry.Storage.Archive;
using Skerry.Storage.Buckets;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Alarms;
using Skerry.Storage.Relay.Ownership;
using Skerry.Storage.Relay.Sessions;
using Skerry.Storage.Relay.Takeover;

namespace Skerry.Simulation.Fleet;

/// <summary>One run of a node: the real parts of the relay, put together over the simulated world.</summary>
internal sealed class NodeProcess
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly NodeSession _session;

    public NodeProcess(SimulatedFleet fleet, FleetNode node, Machine machine, SessionId session)
    {
        (Fleet, Node, Machine) = (fleet, node, machine);
        Random = new Random(fleet.Random.Next());
        Self = new NodeInfo(node.Id, session, node.Name, node.Zone, node.Name);
        Bucket = BuggyBucket.Wrap(fleet.Bug, fleet.Store.For(machine));
        Transport = BuggyTransport.Wrap(this, new SimulatedTransport(this));
        Plane = new ControlPlane(Self, Transport, new ControlOptions { SweepInterval = TimeSpan.FromSeconds(40) }, machine, Random, new TraceLogger(this), _stopping.Token);
        Sessions = new SessionRecords(Bucket, machine, Random);
        var owners = new OwnerRecords(Bucket, machine, Random);
        Bundles = new SessionBundles(session);
        var archive = BuggyArchive.Wrap(fleet.Bug, new SessionArchive(Plane, Bucket, Bundles));
        Objects = new SimulatedObjects(this);
        Alarms = new SessionAlarms(Plane, Bucket, Objects);
        Takeover = new SessionTakeover(Plane, Sessions, archive, Alarms, Objects);
        _session = new NodeSession(Plane, Sessions, Takeover, Alarms);
        Cleanup = new SessionCleanup(Plane, Sessions, owners, archive, Alarms);
        var claimSessions = fleet.Bug == PlantedBug.ClaimBeforeSealed ? new SessionRecords(new SealedTooEarly(Bucket), machine, Random) : Sessions;
        Claims = new ObjectClaims(Plane, claimSessions, owners, Takeover, archive, Objects);
        Peers = new PeerDirectory(Plane, Sessions);
        Detector = new FailureDetector(Plane, Sessions, Takeover, Peers);
        Peers.Heard = () => Detector.Heard();
        Takeover.Locate = Peers.Locate;
        Takeover.Sealed = sealedSession =>
        {
            Peers.Ended(sealedSession);
            Cleanup.Begin(sealedSession);
        };
        Peers.Missing = Detector.Suspect;
        Peers.LeftOver = record => Cleanup.Found(record, Peers.Live);
        Peers.Changed = () => Leader?.PeersChanged([.. Peers.Live]);
        Follower = new SimulatedFollower(this, node.Disk);
    }

    public SimulatedFleet Fleet { get; }

    public FleetNode Node { get; }

    public Machine Machine { get; }

    public Random Random { get; }

    public NodeInfo Self { get; }

    public IBucket Bucket { get; }

    public IRelayTransport Transport { get; }

    public ControlPlane Plane { get; }

    public SessionRecords Sessions { get; }

    public SessionBundles Bundles { get; }

    public SimulatedObjects Objects { get; }

    public SessionAlarms Alarms { get; }

    public SessionTakeover Takeover { get; }

    public SessionCleanup Cleanup { get; }

    public ObjectClaims Claims { get; }

    public PeerDirectory Peers { get; }

    public FailureDetector Detector { get; }

    public SimulatedFollower Follower { get; }

    public SimulatedLeader Leader { get; private set; } = null!;

    public Uploader Uploader { get; private set; } = null!;

    public CancellationToken Stopping => _stopping.Token;

    /// <summary>True once it serves objects.</summary>
    public bool IsReady { get; private set; }

    public void Start() => Machine.Start(async () =>
    {
        try
        {
            await StartAsync();
        }
        catch (SessionFencedException error)
        {
            Fenced(error.Message);
        }
    });

    /// <summary>The session is lost: the process ends, and is started again.</summary>
    public void Fenced(string reason)
    {
        if (!Machine.IsDead)
        {
            Fleet.Trace(Self.Name, $"fenced: {reason}");
            Node.Die(restart: true, power: false);
        }
    }

    /// <summary>Takes a session over, with or without reason.</summary>
    public void Accuse(SessionId session) => Machine.Start(async () =>
    {
        try
        {
            await Takeover.RunAsync(session, Stopping);
        }
        catch (StorageException error)
        {
            Fleet.Trace(Self.Name, error.Message);
        }
    });

    /// <summary>Stops in good order: nothing has to be recovered afterwards.</summary>
    public void Stop() => Machine.Start(async () =>
    {
        IsReady = false;
        try
        {
            await Objects.EndAllAsync();
            await Uploader.FlushAsync(null, Stopping);
            await _session.CloseAsync(Stopping);
            Fleet.Trace(Self.Name, "stops in good order");
        }
        catch (StorageException error)
        {
            Fleet.Trace(Self.Name, $"stops: {error.Message}");
        }

        Node.Die(restart: true, power: false);
    });

    private async Task StartAsync()
    {
        await Peers.RefreshAsync(Stopping);
        var followers = FollowerPolicy.Choose(Self, [.. Peers.Live], new HashSet<NodeId>());
        await _session.OpenAsync(followers, Objects.Membership, Stopping);
        var record = await Sessions.ReadAsync(Self.Session, Stopping) ?? throw new SessionFencedException(Self.Session, null);
        if (record.Value.State != SessionState.Open)
        {
            throw new SessionFencedException(Self.Session, record.Value.State);
        }

        Fleet.Trace(Self.Name, $"session {Self.Session.ToString()[..6]} opens with {string.Join(',', followers.Select(f => f.Name))}");
        Leader = new SimulatedLeader(this, record);
        Leader.PeersChanged([.. Peers.Live]);
        Uploader = new Uploader(BuggySnapshots.Wrap(Fleet.Bug, Bucket), Bundles, Leader, Fleet.UploadOptions, Machine, Plane.Logger);
        Uploader.Uploaded += sequence => Machine.Start(async () =>
        {
            await Alarms.FlushAsync(Stopping);
            Leader.Uploaded(sequence);
        });
        Machine.Start(() => Uploader.RunAsync(Stopping));
        Machine.Start(() => Detector.RunAsync(Stopping));
        Machine.Start(() => Peers.RunAsync(Stopping));
        Machine.Start(() => Alarms.RunAsync(Stopping));
        Machine.Start(() => Cleanup.RunAsync(Stopping));
        Machine.Start(() => _session.RecoverOwnAsync(Stopping));
        IsReady = true;
    }

    private sealed class TraceLogger(NodeProcess process) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => process.Fleet.IsTracing;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            process.Fleet.Trace(process.Self.Name, formatter(state, exception) + (exception is null ? "" : $" {exception.GetType().Name}: {exception.Message}"));
    }
}
