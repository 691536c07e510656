namespace Skerry.Accounts.Users.Passkeys;

/// <summary>Where passkeys are used. A browser gives none to a page of another place.</summary>
public sealed class PasskeyOptions
{
    /// <summary>The domain that passkeys belong to, without port. Passkeys made for one domain are of no use under another. Default: <c>localhost</c>.</summary>
    public string Domain { get; set; } = "localhost";

    /// <summary>What authenticators show. Default: <c>Skerry</c>.</summary>
    public string Name { get; set; } = "Skerry";

    /// <summary>The origins of the pages that ask for passkeys, such as <c>https://skerry.example.com</c>. Default: the management API on loopback.</summary>
    public IList<string> Origins { get; set; } = ["http://localhost:8788"];
}
