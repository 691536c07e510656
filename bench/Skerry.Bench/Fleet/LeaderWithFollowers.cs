using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Bench.Peers;
using Skerry.Storage;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Security;

namespace Skerry.Bench.Fleet;

/// <summary>A leader's log in this process, and three followers in processes of their own, on loopback.</summary>
internal sealed class LeaderWithFollowers : IAsyncDisposable
{
    private const int FollowerCount = 3;

    private readonly List<ServerProcess> _processes = [];
    private readonly List<NodeInfo> _followers = [];
    private readonly NodeCertificates _certificates;
    private readonly RelayTransport _transport;
    private FollowerStore? _own;
    private Replicator? _replicator;

    private LeaderWithFollowers(ClusterKey key)
    {
        _certificates = NodeCertificates.FromClusterKey(key);
        _transport = new RelayTransport(_certificates, new RelayIdentity("bench", "leader"), TimeProvider.System);
    }

    /// <summary>Where records are appended.</summary>
    public NodeLog Log => _replicator!.Log;

    /// <summary>Starts the followers, then the leader, and waits until all are connected.</summary>
    public static async Task<LeaderWithFollowers> Start(BenchRun run, CancellationToken cancel)
    {
        using var random = RandomNumberGenerator.Create();
        var key = ClusterKey.Create(random);
        var log = new LeaderWithFollowers(key);
        try
        {
            var folder = run.NewFolder("followed");
            for (var i = 0; i < FollowerCount; i++)
            {
                await log.StartFollower(i, key, Path.Combine(folder, RelayFleet.NameOf("follower", i)), cancel);
            }

            await log.StartLeader(folder, cancel);
            return log;
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a stream to a follower that acknowledges at once.</summary>
    public async Task<IFollowerStream> Echo(IFollowerEvents events, CancellationToken cancel) =>
        await _transport.ConnectAsync(_followers[0], new FollowHello(Leader(FollowerServer.Echoed), 0), events, cancel);

    /// <summary>What the kernel counts for a follower's process; see proc(5), <c>/proc/PID/io</c>.</summary>
    public long FollowerIo(string counter) => _processes.Sum(process => File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/io"))
        .Where(line => line.StartsWith(counter + ":", StringComparison.Ordinal))
        .Sum(line => long.Parse(line.AsSpan(counter.Length + 1), CultureInfo.InvariantCulture))) / FollowerCount;

    /// <summary>Bytes that have gone over loopback, divided by the followers.</summary>
    public static long LoopbackBytes() => File.ReadLines("/proc/net/dev")
        .Select(static line => line.Trim())
        .Where(static line => line.StartsWith("lo:", StringComparison.Ordinal))
        .Sum(static line => long.Parse(line[3..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture)) / FollowerCount;

    /// <summary>Bytes that the machine's disks have written, divided by the followers; see <c>/proc/diskstats</c>, whose sectors have 512 bytes.</summary>
    public static long DeviceBytes() => File.ReadLines("/proc/diskstats")
        .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(static fields => Directory.Exists($"/sys/block/{fields[2]}/device"))
        .Sum(static fields => long.Parse(fields[9], CultureInfo.InvariantCulture) * 512) / FollowerCount;

    /// <summary>Waits until all followers hold everything: the slowest is not waited for when records are confirmed.</summary>
    public async Task WaitForAll(CancellationToken cancel)
    {
        while (_replicator!.Followers is not { Count: FollowerCount } followers || followers.Any(one => one.Held < _replicator.Appended))
        {
            await Task.Delay(20, cancel);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_replicator is not null)
        {
            await _replicator.DisposeAsync();
        }

        if (_own is not null)
        {
            await _own.DisposeAsync();
        }

        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _transport.Dispose();
        _certificates.Dispose();
    }

    private static NodeInfo Leader(SessionId session) => new(new NodeId(100), session, "leader", "zone", "127.0.0.1:1");

    private async Task StartFollower(int number, ClusterKey key, string folder, CancellationToken cancel)
    {
        var port = Tool.FreePort();
        var info = new NodeInfo(
            new NodeId((UInt128)(number + 1)), new SessionId((UInt128)(number + 1000)), RelayFleet.NameOf("follower", number), RelayFleet.NameOf("zone", number),
            string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"));
        _followers.Add(info);
        _processes.Add(await ServerProcess.Start(
            new ProcessStartInfo(Environment.ProcessPath!, [ChildTasks.Follower, port.ToString(CultureInfo.InvariantCulture), key.Reveal(), folder]),
            async token =>
            {
                try
                {
                    await _transport.GreetAsync(info.Address, Leader(FollowerServer.Echoed), token);
                    return true;
                }
                catch (PeerUnreachableException)
                {
                    return false;
                }
            },
            ServerProcess.SigTerm,
            cancel));
    }

    private async Task StartLeader(string folder, CancellationToken cancel)
    {
        var record = new SessionRecord
        {
            Node = Leader(new SessionId(2)),
            State = SessionState.Open,
            Generation = 1,
            Followers = [.. _followers],
        };
        _own = FollowerStore.Open(new FollowerStoreOptions { Folder = Path.Combine(folder, "own") }, TimeProvider.System, NullLogger.Instance);
        _replicator = Replicator.Open(
            new ReplicatorOptions { Folder = Path.Combine(folder, "spool") }, record, new Record(record), _transport, _own, TimeProvider.System, Random.Shared, NullLogger.Instance);
        _replicator.PeersChanged(_followers);
        while (_replicator.Followers.Count(static one => one.IsConnected) < FollowerCount)
        {
            await Task.Delay(20, cancel);
        }
    }

    // Nobody else changes it here.
    private sealed class Record(SessionRecord first) : ILeaderRecord
    {
        private SessionRecord _current = first;

        public Task<(bool Written, SessionRecord? Current)> SwapAsync(SessionRecord desired, CancellationToken cancel)
        {
            _current = desired;
            return Task.FromResult<(bool, SessionRecord?)>((true, desired));
        }

        public Task<SessionRecord?> ReadAsync(CancellationToken cancel) => Task.FromResult<SessionRecord?>(_current);
    }
}
