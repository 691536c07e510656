using System.Text.Json.Serialization;

namespace Skerry.Server.Management.Objects;

/// <summary>A durable object namespace.</summary>
internal sealed record NamespaceResult(string Id, string Name, string Script, string Class, bool UseSqlite);

/// <summary>A durable object. This name alone is in camel case in the public API.</summary>
internal sealed record ObjectResult(string Id, [property: JsonPropertyName("hasStoredData")] bool HasStoredData);

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
