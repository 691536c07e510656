namespace Skerry.Accounts.Users;

/// <summary>Somebody's identity at another sign-in, as OpenID Connect has it. Whoever makes one has checked it.</summary>
/// <param name="Issuer">Who says so, a URL; 1 to <see cref="CharsMax"/> characters.</param>
/// <param name="Subject">Who it is there; likewise.</param>
public sealed record UserLink(string Issuer, string Subject)
{
    /// <summary>The longest of each.</summary>
    public const int CharsMax = 255;

    /// <summary>Why it is refused, as a sentence with the field's name; null if it is not.</summary>
    internal string? Problem =>
        Issuer is null or { Length: 0 or > CharsMax } || Issuer.Any(char.IsControl) ? $"issuer: it is missing or too long, or has control characters; accepted: 1 to {CharsMax} characters."
        : Subject is null or { Length: 0 or > CharsMax } || Subject.Any(char.IsControl) ? $"subject: it is missing or too long, or has control characters; accepted: 1 to {CharsMax} characters."
        : null;
}
