namespace Skerry.Accounts.Members;

/// <summary>Who is asked for in which account.</summary>
internal readonly record struct MemberKey(string AccountId, string UserId);
