using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Objects.Fleet;
using Skerry.Storage;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Security;

namespace Skerry.Bench.Fleet;

/// <summary>A follower in a process of its own: the product's store behind the product's listener, and nothing else.</summary>
internal static class FollowerServer
{
    /// <summary>The session whose frames are acknowledged at once and kept nowhere: a bare round trip.</summary>
    public static SessionId Echoed { get; } = new(1);

    /// <summary>Runs until cancelled.</summary>
    public static async Task Serve(int port, string keyText, string folder, CancellationToken cancel)
    {
        var key = ClusterKey.TryParse(keyText, out var parsed) ? parsed : throw new BenchException("That is no cluster key.");
        using var certificates = NodeCertificates.FromClusterKey(key);
        await using var store = FollowerStore.Open(new FollowerStoreOptions { Folder = folder }, TimeProvider.System, NullLogger.Instance);
        using var relay = new RelayServer(new Service(store), new RelayIdentity("bench", "follower"), certificates, NullLogger<RelayServer>.Instance);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(server =>
        {
            NodeListener.ConfigureServer(server, TimeSpan.FromSeconds(1));
            NodeListener.Listen(server, IPAddress.Loopback, port, certificates);
        });
        builder.Services.AddRelay();
        builder.Services.AddSingleton(_ => relay);
        await using var app = builder.Build();
        app.MapRelay(relay);
        await ((IHost)app).RunAsync(cancel);
    }

    private sealed class Service(FollowerStore store) : IRelayService
    {
        // The leader makes up who its followers are.
        public bool Is(NodeId node) => true;

        public IFollowedSession? Follow(FollowHello hello, IFollowerEvents leader, out ulong held, out int sealedBy)
        {
            if (hello.Leader.Session != Echoed)
            {
                return store.Follow(hello, leader, out held, out sealedBy);
            }

            (held, sealedBy) = (0, 0);
            return new Echo(leader);
        }

        public Task<SealReply> SealAsync(SessionId session, int recoveryEpoch, CancellationToken cancel) => store.SealAsync(session, recoveryEpoch, cancel);

        public async IAsyncEnumerable<Frame> ReadFramesAsync(SessionId session, ulong from, [EnumeratorCancellation] CancellationToken cancel)
        {
            await foreach (var frame in store.ReadFramesAsync(session, from, cancel))
            {
                yield return frame;
            }
        }

        public Task ForgetAsync(SessionId session, CancellationToken cancel) => store.ForgetAsync(session, cancel);

        public Task<ReleaseReply> ReleaseAsync(SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel) =>
            Task.FromResult(ReleaseReply.NotOwner);

        public Task<IReadOnlyList<NodeInfo>> GreetAsync(NodeInfo caller, CancellationToken cancel) => Task.FromResult<IReadOnlyList<NodeInfo>>([]);
    }

    private sealed class Echo(IFollowerEvents leader) : IFollowedSession
    {
        public ValueTask AppendAsync(Frame frame, long sentAt)
        {
            leader.Acknowledged(frame.Last, sentAt);
            return ValueTask.CompletedTask;
        }

        public void Heartbeat(long sentAt, ulong confirmed, ulong uploaded)
        {
        }

        public void Ended()
        {
        }
    }
}
