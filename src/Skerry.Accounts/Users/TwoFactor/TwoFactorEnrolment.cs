namespace Skerry.Accounts.Users.TwoFactor;

/// <summary>What an app that shows codes needs, shown this once.</summary>
/// <param name="Secret">The secret in base32, for typing.</param>
/// <param name="Uri">The same as an <c>otpauth://</c> URI, for a QR code.</param>
public sealed record TwoFactorEnrolment(string Secret, string Uri)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => "enrolment";
}
