namespace Skerry.Accounts.Users.Passkeys;

/// <summary>A passkey as people see it. Immutable.</summary>
/// <param name="Id">32 hexadecimal digits; not the authenticator's own id.</param>
/// <param name="Name">For people.</param>
/// <param name="CreatedOn">When it was added.</param>
/// <param name="LastUsedOn">When the user last signed in by it; null: never.</param>
public sealed record PasskeyRecord(string Id, string Name, DateTimeOffset CreatedOn, DateTimeOffset? LastUsedOn)
{
    /// <summary>The longest name.</summary>
    public const int NameCharsMax = 60;
}
