using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Skerry.Storage.Relay.Fleet;

namespace Skerry.Server.Management;

/// <summary>The answer of <c>/user/tokens/verify</c>.</summary>
internal sealed record TokenResult(string Id, string Status);

/// <summary>An account.</summary>
internal sealed record AccountResult(string Id, string Name, string Type);

/// <summary>A durable object namespace.</summary>
internal sealed record NamespaceResult(string Id, string Name, string Script, string Class, bool UseSqlite);

/// <summary>A durable object. This name alone is in camel case in the public API.</summary>
internal sealed record ObjectResult(string Id, [property: JsonPropertyName("hasStoredData")] bool HasStoredData);

/// <summary>The cluster's nodes.</summary>
/// <param name="Cluster">The cluster's name; null for a node that is alone.</param>
/// <param name="AskedBy">The node that looked.</param>
/// <param name="Nodes">The nodes, by name.</param>
/// <param name="Losses">What is confirmed and would be lost if all the named nodes lost their disks now; the most dangerous first.</param>
/// <param name="Unknown">The nodes of which that is not known, because they do not answer.</param>
internal sealed record FleetResult(
    string? Cluster, string AskedBy, IReadOnlyList<MemberResult> Nodes, IReadOnlyList<LossResult> Losses, IReadOnlyList<string> Unknown);

/// <summary>A node.</summary>
internal sealed record MemberResult(
    string? Id, string? Session, string Name, string Zone, string? Address, string State, DateTimeOffset? Started, string? Problem, FiguresResult? Log);

/// <summary>How far a node's log is.</summary>
internal sealed record FiguresResult(
    int Generation, ulong Appended, ulong Confirmed, ulong Uploaded, long BytesNotUploaded, IReadOnlyList<FollowerResult> Followers)
{
    public static FiguresResult Of(SessionFigures figures) => new(
        figures.Generation,
        figures.Appended,
        figures.Confirmed,
        figures.Uploaded,
        figures.BytesNotUploaded,
        [
            .. figures.Followers.Select(one => new FollowerResult(
                one.Node.Name, one.Node.Zone, one.IsUp ? one.IsMember ? "following" : "joining" : "lost", one.Held, figures.Appended - Math.Min(one.Held, figures.Appended))),
        ]);
}

/// <summary>How far a follower is.</summary>
internal sealed record FollowerResult(string Name, string Zone, string State, ulong Held, ulong Lag);

/// <summary>See <see cref="FleetResult"/>.</summary>
internal sealed record LossResult(string Leader, ulong Records, IReadOnlyList<string> Nodes);

/// <summary>A part of an object's history.</summary>
internal sealed record HistoryResult(string Id, string Current, IReadOnlyList<VersionResult> Versions);

/// <summary>A state that can be restored.</summary>
internal sealed record VersionResult(string Bookmark, DateTimeOffset Time, long Bytes, string KeptIn);

/// <summary>What a restore is asked for with: one of both.</summary>
internal sealed record RestoreRequest(string? Bookmark, string? Time);

/// <summary>A restore that has taken place.</summary>
internal sealed record RestoredResult(string Id, string From, string Current, string Undo);

/// <summary>What came of comparing every checksum.</summary>
internal sealed record ProofResult(string Id, bool Whole, ulong NewestTransaction, long Records, long Bytes, IReadOnlyList<string> Damage);

/// <summary>The serializers of the management API: snake case, generated at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<object>))]
[JsonSerializable(typeof(Envelope<TokenResult>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<AccountResult>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<NamespaceResult>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ObjectResult>>))]
[JsonSerializable(typeof(Envelope<FleetResult>))]
[JsonSerializable(typeof(Envelope<HistoryResult>))]
[JsonSerializable(typeof(Envelope<RestoredResult>))]
[JsonSerializable(typeof(Envelope<ProofResult>))]
[JsonSerializable(typeof(RestoreRequest))]
internal sealed partial class ManagementJson : JsonSerializerContext
{
    /// <summary>The serializers to write with: quotes in messages stay as people write them, for no answer is part of a page.</summary>
    public static ManagementJson Readable { get; } = new(new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
