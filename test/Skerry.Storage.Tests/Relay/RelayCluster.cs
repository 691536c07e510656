using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Storage.Buckets;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Sessions;
using Skerry.Storage.Tests.Log;

namespace Skerry.Storage.Tests.Relay;

/// <summary>A leader with its own store, other nodes with theirs, and a bucket: real files, one process. Node 0 leads.</summary>
internal sealed class RelayCluster : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-relay-").FullName;
    private readonly FollowerStore?[] _stores;
    private readonly RelayLoop _loop = new();
    private readonly FileBucket _bucket;
    private readonly Dictionary<int, LogStream> _streams = [];
    private readonly Dictionary<int, ulong> _txids = [];
    private ulong _epoch = 1;

    public RelayCluster(int others, params string[] zones)
    {
        Nodes = [.. Enumerable.Range(0, others + 1).Select(i => new NodeInfo(
            new NodeId((UInt128)(i + 1)), new SessionId((UInt128)(i + 100)), $"node{i}", i < zones.Length ? zones[i] : $"zone{i}", $"host{i}:1"))];
        _stores = new FollowerStore?[others + 1];
        _bucket = FileBucket.Open(Path.Combine(_folder, "bucket"));
        Files = [.. Nodes.Select(_ => new FaultyFiles())];
    }

    public NodeInfo[] Nodes { get; }

    public FaultyFiles[] Files { get; }

    /// <summary>The leader's spool.</summary>
    public FaultyFiles SpoolFiles { get; } = new();

    public DirectNetwork Network { get; } = new();

    public Replicator Leader { get; private set; } = null!;

    public RelayLeaderOptions LeaderOptions { get; init; } = new();

    public long SegmentBytes { get; init; } = 1 << 20;

    public long RingBytesMax { get; init; } = 16 << 20;

    public long WindowBytes { get; init; } = 8 << 20;

    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromSeconds(2);

    public long RetainedBytesMax { get; init; } = 4L << 30;

    public FollowerStore Store(int node) => _stores[node]!;

    public SessionRecord Record => Leader.Record;

    /// <summary>Starts all nodes, and the leader with these followers.</summary>
    public async Task Start(params int[] followers)
    {
        for (var i = 0; i < Nodes.Length; i++)
        {
            StartNode(i);
        }

        var records = new SessionRecords(_bucket, TimeProvider.System, new Random(1));
        var record = new SessionRecord
        {
            Node = Nodes[0],
            State = SessionState.Open,
            Generation = 1,
            Followers = [.. followers.Select(i => Nodes[i])],
        };
        Assert.True((await _loop.RunAsync(() => records.CreateAsync(record, default))).Swapped);
        Leader = Replicator.Open(
            new ReplicatorOptions
            {
                Folder = Path.Combine(_folder, "spool"),
                SegmentBytes = SegmentBytes,
                RingBytesMax = RingBytesMax,
                WindowBytes = WindowBytes,
                RetainedBytesMax = RetainedBytesMax,
                SilenceMax = SilenceMax,
                Files = SpoolFiles,
                Leader = LeaderOptions,
            },
            record,
            new LeaderRecord(records, _loop, Nodes[0].Session),
            Network,
            Store(0),
            TimeProvider.System,
            Random.Shared,
            NullLogger.Instance);
    }

    public void StartNode(int node)
    {
        _stores[node] = FollowerStore.Open(
            new FollowerStoreOptions
            {
                Folder = FolderOf(node),
                SegmentBytes = SegmentBytes,
                TrimEvery = TimeSpan.FromMilliseconds(20),
                Files = Files[node],
            },
            TimeProvider.System,
            NullLogger.Instance);
        Network.Start(Nodes[node].Id, _stores[node]!);
    }

    public async Task StopNode(int node)
    {
        Network.Stop(Nodes[node].Id);
        await _stores[node]!.DisposeAsync();
        _stores[node] = null;
    }

    public string FolderOf(int node) => Path.Combine(_folder, Nodes[node].Name);

    /// <summary>The cluster's membership names these nodes.</summary>
    public void Live(params int[] nodes) => Leader.PeersChanged([.. nodes.Select(i => Nodes[i])]);

    /// <summary>Changes the record as one who takes the session over does.</summary>
    public async Task Recover()
    {
        var records = new SessionRecords(_bucket, TimeProvider.System, new Random(2));
        var found = (await _loop.RunAsync(() => records.ReadAsync(Nodes[0].Session, default)))!.Value;
        var next = found.Value with { State = SessionState.Recovering, RecoveryEpoch = 1, Recoverer = Nodes[1] };
        Assert.True((await _loop.RunAsync(() => records.SwapAsync(next, found.ETag, default))).Swapped);
    }

    /// <summary>The next transaction of an object.</summary>
    public Append Write(int key = 1, int bytes = 100, Action? decided = null)
    {
        if (!_streams.TryGetValue(key, out var stream))
        {
            _streams[key] = stream = LogFixture.Stream(key);
        }

        var txid = _txids[key] = _txids.GetValueOrDefault(key) + 1;
        var payload = new byte[bytes];
        new Random((int)(key * 7919 + (long)txid)).NextBytes(payload);
        var request = LogFixture.Request(stream, txid, payload, _epoch, decided);
        Leader.Log.Append(request);
        return request;
    }

    /// <summary>A new activation of all objects, as after a failure.</summary>
    public void NextEpoch() => _epoch++;

    /// <summary>What a node holds of the leader's session, read as a takeover reads it.</summary>
    public async Task<List<ulong>> SequencesAt(int node)
    {
        var found = new List<ulong>();
        await foreach (var frame in Store(node).ReadFramesAsync(Nodes[0].Session, 1, default))
        {
            found.AddRange(FrameReader.Read(frame).Select(record => record.Sequence));
        }

        return found;
    }

    /// <summary>Waits for a state that comes about by itself.</summary>
    public static async Task Until(Func<bool> reached)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!reached())
        {
            await Task.Delay(5, limit.Token);
        }
    }

    public ulong HeldBy(int node) => Leader.Followers.SingleOrDefault(follower => follower.Node.Id == Nodes[node].Id)?.Held ?? 0;

    public bool AllHold(ulong sequence) => Leader.Followers is { Count: > 0 } followers && followers.All(node => node.Held == sequence);

    public bool FollowersAre(params int[] nodes) =>
        Record.Followers.Select(node => node.Name).Order().SequenceEqual(nodes.Select(i => Nodes[i].Name).Order());

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            Network.LetGo(node.Id);
        }

        if (Leader is not null)
        {
            await Leader.DisposeAsync();
        }

        foreach (var store in _stores)
        {
            if (store is not null)
            {
                await store.DisposeAsync();
            }
        }

        _loop.Dispose();
        _bucket.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
