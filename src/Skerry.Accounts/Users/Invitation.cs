namespace Skerry.Accounts.Users;

/// <summary>Where an invitation is that is filed under an e-mail address. The account says whether it is one.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="MemberId">The member there.</param>
/// <param name="FiledOn">When it was filed, just before the account has it.</param>
public sealed record Invitation(string AccountId, string MemberId, DateTimeOffset FiledOn);
