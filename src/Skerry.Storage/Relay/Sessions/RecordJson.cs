using System.Text.Json;
using System.Text.Json.Serialization;

namespace Skerry.Storage.Relay.Sessions;

/// <summary>
/// How session, ownership and node records are written: JSON, for people who look into the bucket. A record says in which
/// format it is; one that a newer version wrote is refused, because its writer may rely on what this one does not know.
/// </summary>
internal static class RecordJson
{
    private const int Format = 1;

    public static byte[] Write(SessionRecord record) => JsonSerializer.SerializeToUtf8Bytes(
        new SessionJson(
            Format,
            ToJson(record.Node),
            record.State,
            record.Generation,
            [.. record.Followers.Select(ToJson)],
            record.Recoverer is { } recoverer ? ToJson(recoverer) : null,
            record.RecoveryEpoch,
            record.Membership,
            record.StartedMs),
        RecordJsonContext.Default.SessionJson);

    public static byte[] Write(OwnerRecord record) => JsonSerializer.SerializeToUtf8Bytes(
        new OwnerJson(Format, record.Session.ToString(), record.ClaimEpoch), RecordJsonContext.Default.OwnerJson);

    public static byte[] Write(NodeRecord record) => JsonSerializer.SerializeToUtf8Bytes(
        new MarkJson(Format, ToJson(record.Node), record.Number), RecordJsonContext.Default.MarkJson);

    public static NodeRecord ReadNode(string key, ReadOnlyMemory<byte> content)
    {
        var json = Read(key, content, RecordJsonContext.Default.MarkJson, found => found.Format);
        return new NodeRecord(FromJson(key, json.Node), json.Number);
    }

    public static SessionRecord ReadSession(string key, ReadOnlyMemory<byte> content)
    {
        var json = Read(key, content, RecordJsonContext.Default.SessionJson, found => found.Format);
        return new SessionRecord
        {
            Node = FromJson(key, json.Node),
            State = json.State,
            Generation = json.Generation,
            Followers = [.. json.Followers.Select(node => FromJson(key, node))],
            Recoverer = json.Recoverer is { } recoverer ? FromJson(key, recoverer) : null,
            RecoveryEpoch = json.RecoveryEpoch,
            Membership = json.Membership,
            StartedMs = json.StartedMs,
        };
    }

    public static OwnerRecord ReadOwner(string key, ReadOnlyMemory<byte> content)
    {
        var json = Read(key, content, RecordJsonContext.Default.OwnerJson, found => found.Format);
        return SessionId.TryParse(json.Session, out var session) && json.ClaimEpoch > 0
            ? new OwnerRecord(session, json.ClaimEpoch)
            : throw Illegible(key, "its session or epoch is none");
    }

    private static T Read<T>(string key, ReadOnlyMemory<byte> content, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, Func<T, int> format)
        where T : class
    {
        T? json;
        try
        {
            json = JsonSerializer.Deserialize(content.Span, type);
        }
        catch (JsonException error)
        {
            throw Illegible(key, error.Message);
        }

        return json is null ? throw Illegible(key, "it is empty")
            : format(json) > Format ? throw new StorageException(
                $"{key} in the bucket has format {format(json)}; this version of Skerry knows formats up to {Format}. Update this node.")
            : json;
    }

    private static NodeJson ToJson(NodeInfo node) =>
        new(node.Id.ToString(), node.Session.ToString(), node.Name, node.Zone, node.Address);

    private static NodeInfo FromJson(string key, NodeJson node) =>
        NodeId.TryParse(node.Id, out var id) && SessionId.TryParse(node.Session, out var session)
            ? new NodeInfo(id, session, node.Name, node.Zone, node.Address)
            : throw Illegible(key, "a node's id or session is none");

    private static StorageException Illegible(string key, string why) =>
        new($"{key} in the bucket is illegible: {why}. Nothing is done with what it stands for until the file has been restored.");
}

internal sealed record NodeJson(string Id, string Session, string Name, string Zone, string Address);

internal sealed record SessionJson(
    int Format,
    NodeJson Node,
    SessionState State,
    int Generation,
    IReadOnlyList<NodeJson> Followers,
    NodeJson? Recoverer,
    int RecoveryEpoch,
    string? Membership,
    long StartedMs);

internal sealed record MarkJson(int Format, NodeJson Node, long Number);

internal sealed record OwnerJson(int Format, string Session, ulong ClaimEpoch);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SessionJson))]
[JsonSerializable(typeof(OwnerJson))]
[JsonSerializable(typeof(MarkJson))]
internal sealed partial class RecordJsonContext : JsonSerializerContext;
