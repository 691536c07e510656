namespace Skerry.Accounts.Users.TwoFactor;

/// <summary>Codes for when the app is lost, shown this once. Each can be used once in place of a code.</summary>
/// <param name="Codes">The codes.</param>
public sealed record RecoveryCodes(IReadOnlyList<string> Codes)
{
    /// <summary>Without the codes.</summary>
    public override string ToString() => $"{Codes.Count} recovery codes";
}
