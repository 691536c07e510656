using System.Text.Json;
using Skerry.Accounts.Audit;

namespace Skerry.Server.Management.Audit;

/// <summary>An entry of an audit log, as clients see it.</summary>
internal sealed record AuditResult(
    string Id, AuditAccountResult Account, AuditActionResult Action, AuditActorResult Actor, AuditRawResult Raw, AuditResourceResult Resource)
{
    /// <summary>What is shown of an entry.</summary>
    public static AuditResult Of(AuditEntry entry, AuditAccountResult owner) => new(
        entry.Id,
        owner,
        new($"{entry.Action} {entry.ResourceType}", "success", entry.At, entry.Action),
        new(
            entry.Actor.Kind switch { ActorKind.User => "user", ActorKind.Account => "account", _ => "system" },
            entry.Actor.TokenId is null ? "system" : "api_token",
            entry.Actor.Id,
            entry.Actor.Address,
            entry.Actor.TokenId,
            entry.Actor.TokenName),
        RawOf(entry.Actor),
        new(entry.ResourceId, entry.ResourceType, "accounts", Parse(entry.Before), Parse(entry.After)));

    private static AuditRawResult RawOf(Actor actor)
    {
        var parts = actor.Request?.Split(' ', 2);
        return new(actor.RequestId, parts?[0], parts is [_, var uri] ? uri : null, actor.UserAgent);
    }

    private static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);
}

/// <summary>Whose log it is.</summary>
internal sealed record AuditAccountResult(string Id, string Name);

/// <summary>What was done.</summary>
internal sealed record AuditActionResult(string Description, string Result, DateTimeOffset Time, string Type);

/// <summary>By whom.</summary>
internal sealed record AuditActorResult(string Type, string Context, string? Id, string? IpAddress, string? TokenId, string? TokenName);

/// <summary>By which request.</summary>
internal sealed record AuditRawResult(string? RequestId, string? Method, string? Uri, string? UserAgent);

/// <summary>To what, and what it was and is.</summary>
internal sealed record AuditResourceResult(string Id, string Type, string Scope, JsonElement? Before, JsonElement? After);

/// <summary>Where a check goes on.</summary>
internal sealed record AuditProofRequest(long? Entries, string? Head);

/// <summary>What came of a check.</summary>
internal sealed record AuditProofResult(long Entries, string Head, bool Complete, bool Holds, string? Problem);
