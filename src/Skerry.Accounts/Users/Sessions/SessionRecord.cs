namespace Skerry.Accounts.Users.Sessions;

/// <summary>A user's session as it is stored. Immutable.</summary>
/// <param name="Id">32 hexadecimal digits; the token's id in audit logs.</param>
/// <param name="CreatedOn">When the user signed in.</param>
/// <param name="ExpiresOn">The first moment at which it is over by itself.</param>
/// <param name="Address">Where from; null: unknown.</param>
/// <param name="UserAgent">What the client called itself; null if it did not.</param>
/// <param name="LastUsedOn">When its use was last recorded, to about a minute; null: never.</param>
public sealed record SessionRecord(
    string Id, DateTimeOffset CreatedOn, DateTimeOffset ExpiresOn, string? Address, string? UserAgent, DateTimeOffset? LastUsedOn);
