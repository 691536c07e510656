namespace Skerry.Accounts.Tokens;

/// <summary>A token as it is stored, without anything from which its value could be found. Immutable.</summary>
/// <param name="Id">32 hexadecimal digits. It stays when the token's value is rolled.</param>
/// <param name="Settings">What can be chosen of it.</param>
/// <param name="Version">Counts its changes. Whoever changes a token can name the version that he has looked at.</param>
/// <param name="IssuedOn">When it was made.</param>
/// <param name="ModifiedOn">When it was last changed, rolled included.</param>
/// <param name="LastUsedOn">When its use was last recorded, to about a minute; null: never.</param>
/// <param name="IsSession">Whether it is a user's session and no API token: it is in no list of tokens, and stands for the user himself.</param>
public sealed record TokenRecord(
    string Id, TokenSettings Settings, long Version, DateTimeOffset IssuedOn, DateTimeOffset ModifiedOn, DateTimeOffset? LastUsedOn, bool IsSession = false);
