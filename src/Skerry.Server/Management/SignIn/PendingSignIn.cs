using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Skerry.Server.Management.SignIn;

/// <summary>A sign-in that was begun: what its end is compared with. The browser keeps it, see <see cref="SignInCookie"/>.</summary>
/// <param name="State">Says that an answer belongs to this browser's question (RFC 6749, 10.12).</param>
/// <param name="Nonce">Says the same of the token in it (OpenID Connect Core, 3.1.2.1).</param>
/// <param name="Verifier">Says to the provider that whoever redeems the code has asked for it (RFC 7636).</param>
/// <param name="RedirectUri">Where the browser comes back to, which the provider wants to hear again.</param>
/// <param name="EndsOn">When it is too late to end it.</param>
/// <param name="LinkTo">
/// The hash of the token of whoever wants to link the identity, in hexadecimal digits, so that the end is permitted by the same token as it is then;
/// null: somebody signs in.
/// </param>
/// <param name="Tab">What the page that has begun it knows it by, so that it takes no other end for its own; null: no page has.</param>
internal sealed record PendingSignIn(string State, string Nonce, string Verifier, string RedirectUri, DateTimeOffset EndsOn, string? LinkTo, string? Tab = null)
{
    /// <summary>How long people have at the provider.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private const int RandomBytes = 32;

    /// <summary>The verifier's hash, which the provider is told at the beginning.</summary>
    [JsonIgnore]
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    /// <summary>Begins one.</summary>
    public static PendingSignIn Begin(string redirectUri, string? linkTo, string? tab, RandomNumberGenerator random, TimeProvider time) =>
        new(Text(random), Text(random), Text(random), redirectUri, time.GetUtcNow() + Patience, linkTo, tab);

    /// <summary>Whether an answer belongs to it.</summary>
    public bool IsAnsweredBy(string? state) =>
        state is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(state), Encoding.UTF8.GetBytes(State));

    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"sign-in until {EndsOn:O}";

    private static string Text(RandomNumberGenerator random)
    {
        Span<byte> bytes = stackalloc byte[RandomBytes];
        random.GetBytes(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
