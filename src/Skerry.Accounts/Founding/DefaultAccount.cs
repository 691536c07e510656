namespace Skerry.Accounts.Founding;

/// <summary>The account that a cluster begins with. Immutable.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="OwnerId">The user who was its first member. He may have left since.</param>
public sealed record DefaultAccount(string AccountId, string OwnerId);
