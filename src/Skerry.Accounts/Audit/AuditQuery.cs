namespace Skerry.Accounts.Audit;

/// <summary>Which entries of an audit log.</summary>
/// <param name="Since">The first moment that counts; null: from the beginning.</param>
/// <param name="Before">The first moment that does not; null: up to now.</param>
/// <param name="Action">Only this action; null: all.</param>
/// <param name="ResourceType">Only this kind of thing; null: all.</param>
/// <param name="ResourceId">Only this thing; null: all.</param>
/// <param name="TokenId">Only what this token did; null: all.</param>
/// <param name="Ascending">Oldest first, else newest first.</param>
/// <param name="After">Where the part before has ended: its <see cref="AuditPage.Next"/>; null for the first part.</param>
/// <param name="Limit">The most entries, 1 to <see cref="LimitMax"/>.</param>
public sealed record AuditQuery(
    DateTimeOffset? Since = null,
    DateTimeOffset? Before = null,
    string? Action = null,
    string? ResourceType = null,
    string? ResourceId = null,
    string? TokenId = null,
    bool Ascending = false,
    long? After = null,
    int Limit = 100)
{
    /// <summary>The most entries of one part.</summary>
    public const int LimitMax = 1000;
}
