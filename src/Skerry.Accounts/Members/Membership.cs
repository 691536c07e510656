namespace Skerry.Accounts.Members;

/// <summary>A user's membership in an account, or an invitation. Immutable.</summary>
/// <param name="Account">The account.</param>
/// <param name="Member">What the user is there; its id is the membership's.</param>
public sealed record Membership(AccountInfo Account, MemberRecord Member);
