namespace Skerry.Accounts.Members;

/// <summary>A part of a list of members.</summary>
/// <param name="Members">The part.</param>
/// <param name="Total">How many there are in all.</param>
public sealed record MemberPage(IReadOnlyList<MemberRecord> Members, long Total);
