using System.Collections.Frozen;

namespace Skerry.Accounts.Users.SignIn;

/// <summary>
/// What is accepted as a password: its length, and that it is not what everybody tries first. Rules about kinds of characters
/// make people choose worse ones (NIST SP 800-63B, 3.1.1.2), so there are none.
/// </summary>
public static class PasswordRules
{
    /// <summary>The shortest password.</summary>
    public const int CharsMin = 12;

    /// <summary>The longest. It bounds what a request can make us hash.</summary>
    public const int CharsMax = 1024;

    // Of those that leaked most often, the ones that are long enough.
    private static readonly FrozenSet<string> Commonest = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "123456789012", "1234567890123", "12345678901234", "123123123123", "111111111111", "000000000000", "112233445566", "password1234", "passwordpassword",
        "password12345", "password123456", "administrator", "qwertyuiop12", "qwertyuiop123", "qwertyqwerty", "1q2w3e4r5t6y", "1qaz2wsx3edc", "abcdefghijkl",
        "abcdefghijklm", "iloveyou1234", "letmeinletmein", "changemechangeme", "correcthorsebatterystaple");

    /// <summary>Why a password is not accepted, as a sentence with the field's name; null if it is.</summary>
    /// <param name="password">The password.</param>
    /// <param name="email">The user's e-mail address.</param>
    public static string? Problem(string? password, string email) =>
        password is null or { Length: < CharsMin or > CharsMax } ? $"password: it is too short or too long; accepted: {CharsMin} to {CharsMax} characters."
        : password.Trim().Equals(email, StringComparison.OrdinalIgnoreCase) ? "password: it is the e-mail address; accepted: anything that others do not know."
        : Commonest.Contains(password.Trim()) ? "password: it is one of those that are tried first; accepted: any that is not known everywhere."
        : null;
}
