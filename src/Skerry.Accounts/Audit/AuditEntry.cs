namespace Skerry.Accounts.Audit;

/// <summary>One change. Immutable; stored as JSON, which is what the chain's hashes are of.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="At">When, to the millisecond.</param>
/// <param name="Action">What was done, such as <c>create</c>.</param>
/// <param name="Actor">By whom.</param>
/// <param name="ResourceType">To what kind of thing, such as <c>token</c>.</param>
/// <param name="ResourceId">To which.</param>
/// <param name="Before">What it was, as JSON without secrets; null for what is new.</param>
/// <param name="After">What it is now, likewise; null for what is gone.</param>
public sealed record AuditEntry(
    string Id,
    DateTimeOffset At,
    string Action,
    Actor Actor,
    string ResourceType,
    string ResourceId,
    string? Before,
    string? After);
