using Skerry.Accounts.Policies;

namespace Skerry.Accounts.Tokens;

/// <summary>What can be chosen of a token, as clients write it. Not checked: <see cref="TokenRights.TryCompile"/> does that.</summary>
/// <param name="Name">For people; 1 to <see cref="NameCharsMax"/> characters.</param>
/// <param name="Policies">What it may do.</param>
/// <param name="AddressesIn">Addresses and networks from which alone it may be used; null: from everywhere.</param>
/// <param name="AddressesNotIn">Those from which it may not be used; null: none.</param>
/// <param name="NotBefore">The first moment at which it may be used; null: any.</param>
/// <param name="ExpiresOn">The first moment at which it may no longer be used; null: never.</param>
/// <param name="IsDisabled">Whether it may not be used for now.</param>
public sealed record TokenSettings(
    string Name,
    IReadOnlyList<Policy> Policies,
    IReadOnlyList<string>? AddressesIn = null,
    IReadOnlyList<string>? AddressesNotIn = null,
    DateTimeOffset? NotBefore = null,
    DateTimeOffset? ExpiresOn = null,
    bool IsDisabled = false)
{
    /// <summary>The longest name.</summary>
    public const int NameCharsMax = 120;

    /// <summary>How long all of it may be as JSON, in characters.</summary>
    public const int JsonCharsMax = 64 * 1024;
}
