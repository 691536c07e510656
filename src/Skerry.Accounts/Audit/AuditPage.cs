namespace Skerry.Accounts.Audit;

/// <summary>A part of an audit log.</summary>
/// <param name="Entries">Its entries, in the order that was asked for.</param>
/// <param name="Next">What to ask for the next part with; null at the end.</param>
public sealed record AuditPage(IReadOnlyList<AuditEntry> Entries, long? Next);
