using System.Buffers.Binary;
using Google.Protobuf;
using Skerry.Storage.Relay.Fleet;
using Skerry.Storage.Relay.Grpc.Wire;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>Between the relay's types and the messages on the wire. What does not parse is an <see cref="InvalidDataException"/>.</summary>
internal static class WireMapping
{
    private const int IdBytes = 16;

    public static ByteString ToWire(this SessionId session) => ToBytes(session.Value);

    public static SessionId ToSession(this ByteString bytes) => new(ToNumber(bytes, "a session"));

    public static Node ToWire(this NodeInfo node) => new()
    {
        Id = ToBytes(node.Id.Value),
        Session = ToBytes(node.Session.Value),
        Name = node.Name,
        Zone = node.Zone,
        Address = node.Address,
    };

    public static NodeInfo ToNode(this Node? node) => node is null
        ? throw new InvalidDataException("A message lacks the node that it is about.")
        : new(new NodeId(ToNumber(node.Id, "a node")), node.Session.ToSession(), node.Name, node.Zone, node.Address);

    public static ReleaseRequest ToWire(SessionId ownerSession, ObjectKey key, SessionId to) => new()
    {
        OwnerSession = ownerSession.ToWire(),
        Namespace = key.Namespace,
        Object = ByteString.CopyFrom(key.Id.Bytes),
        To = to.ToWire(),
    };

    public static ObjectKey ToKey(this ReleaseRequest request) => request.Object.Length == Id256.Size
        ? new(request.Namespace, new Id256(request.Object.Span))
        : throw new InvalidDataException($"An object's id has {request.Object.Length} bytes instead of {Id256.Size}.");

    public static ReleaseAnswer.Types.Outcome ToWire(this ReleaseReply reply) => reply switch
    {
        ReleaseReply.Released => ReleaseAnswer.Types.Outcome.Released,
        ReleaseReply.NotOwner => ReleaseAnswer.Types.Outcome.NotOwner,
        _ => ReleaseAnswer.Types.Outcome.Busy,
    };

    public static ReleaseReply ToReply(this ReleaseAnswer answer) => answer.Outcome switch
    {
        ReleaseAnswer.Types.Outcome.Released => ReleaseReply.Released,
        ReleaseAnswer.Types.Outcome.NotOwner => ReleaseReply.NotOwner,
        ReleaseAnswer.Types.Outcome.Busy => ReleaseReply.Busy,
        _ => throw new InvalidDataException($"The outcome {answer.Outcome} is not known."),
    };

    public static FiguresAnswer ToWire(this SessionFigures figures) => new()
    {
        Node = figures.Node.ToWire(),
        Generation = figures.Generation,
        Appended = figures.Appended,
        Confirmed = figures.Confirmed,
        Uploaded = figures.Uploaded,
        BytesNotUploaded = figures.BytesNotUploaded,
        Followers =
        {
            figures.Followers.Select(static one => new FiguresAnswer.Types.Follower
            {
                Node = one.Node.ToWire(), Up = one.IsUp, Member = one.IsMember, Held = one.Held,
            }),
        },
    };

    public static SessionFigures ToFigures(this FiguresAnswer answer) => new()
    {
        Node = answer.Node.ToNode(),
        Generation = answer.Generation,
        Appended = answer.Appended,
        Confirmed = answer.Confirmed,
        Uploaded = answer.Uploaded,
        BytesNotUploaded = answer.BytesNotUploaded,
        Followers = [.. answer.Followers.Select(static one => new FollowerFigures(one.Node.ToNode(), one.Up, one.Member, one.Held))],
    };

    private static ByteString ToBytes(UInt128 value)
    {
        var bytes = new byte[IdBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private static UInt128 ToNumber(ByteString bytes, string what) => bytes.Length == IdBytes
        ? BinaryPrimitives.ReadUInt128BigEndian(bytes.Span)
        : throw new InvalidDataException($"The id of {what} has {bytes.Length} bytes instead of {IdBytes}.");
}
