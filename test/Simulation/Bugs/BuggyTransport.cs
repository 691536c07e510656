using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using Skerry.Simulation.Fleet;
using Skerry.Storage;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.Bugs;

/// <summary>A transport that loses what followers say of their leases, or makes damaged frames look whole.</summary>
internal sealed class BuggyTransport(PlantedBug bug, IRelayTransport transport) : IRelayTransport
{
    public static IRelayTransport Wrap(NodeProcess process, IRelayTransport transport) =>
        process.Fleet.Bug is PlantedBug.IgnoreTheLease or PlantedBug.ServeDamagedFrames ? new BuggyTransport(process.Fleet.Bug, transport) : transport;

    public Task<IFollowerStream> ConnectAsync(NodeInfo follower, FollowHello hello, IFollowerEvents events, CancellationToken cancel) =>
        transport.ConnectAsync(follower, hello, events, cancel);

    public async Task<SealReply> SealAsync(NodeInfo follower, SessionId session, int recoveryEpoch, CancellationToken cancel)
    {
        var reply = await transport.SealAsync(follower, session, recoveryEpoch, cancel);
        return bug == PlantedBug.IgnoreTheLease ? reply with { LeaseLeft = TimeSpan.Zero } : reply;
    }

    public async IAsyncEnumerable<Frame> ReadFramesAsync(
        NodeInfo follower, SessionId session, ulong from, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var frame in transport.ReadFramesAsync(follower, session, from, cancel))
        {
            yield return bug == PlantedBug.ServeDamagedFrames ? WithRightChecksums(frame) : frame;
        }
    }

    public Task ForgetAsync(NodeInfo follower, SessionId session, CancellationToken cancel) => transport.ForgetAsync(follower, session, cancel);

    public Task<ReleaseReply> ReleaseAsync(NodeInfo owner, SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel) =>
        transport.ReleaseAsync(owner, ownerSession, key, to, cancel);

    public Task<IReadOnlyList<NodeInfo>> GreetAsync(string address, NodeInfo self, CancellationToken cancel) => transport.GreetAsync(address, self, cancel);

    // What a reader sees that compares nothing: RecordHeader has the places.
    private static Frame WithRightChecksums(in Frame frame)
    {
        var body = frame.Body.ToArray();
        for (var at = 0; at + RecordHeader.Fixed <= body.Length;)
        {
            var record = body.AsSpan(at);
            var header = RecordHeader.Fixed + ((BinaryPrimitives.ReadInt32LittleEndian(record[12..]) + 7) & -8);
            var payload = BinaryPrimitives.ReadInt32LittleEndian(record[96..]);
            if (header < 0 || payload < 0 || header > record.Length - payload)
            {
                break;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(record[104..], XxHash3.HashToUInt64(record.Slice(header, payload), (long)frame.Salt));
            BinaryPrimitives.WriteUInt64LittleEndian(record, XxHash3.HashToUInt64(record[8..header], (long)frame.Salt));
            at += header + ((payload + 7) & -8);
        }

        return frame with { Body = body };
    }
}
