using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Skerry.Server.Tests.Management.SignIn;

/// <summary>What is believed of a provider's answers: tokens with one thing wrong, beside the same with nothing wrong.</summary>
public sealed class IdTokenTests(SignInHost host) : IClassFixture<SignInHost>
{
    private const string NotAccepted = "problem=What the identity provider says of you was not accepted";

    private HostileProvider Provider => host.Provider;

    [Fact]
    public async Task A_token_with_nothing_wrong_lets_in() =>
        Assert.StartsWith("session=sku_", await host.SignInAsync(right => Provider.Sign(right)), StringComparison.Ordinal);

    public static TheoryData<string, Action<Dictionary<string, object?>>> Wrong => new()
    {
        { "another issuer", static one => one["iss"] = "https://elsewhere.example.com" },
        { "an issuer that is nearly the same", static one => one["iss"] += "/" },
        { "no issuer", static one => one["iss"] = null },
        { "another audience", static one => one["aud"] = "another client" },
        { "no audience", static one => one["aud"] = null },
        { "several audiences and nobody authorised", static one => one["aud"] = new[] { HostileProvider.ClientId, "another" } },
        { "another authorised party", static one => one["azp"] = "another" },
        { "over", static one => one["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 120 },
        { "no end", static one => one["exp"] = null },
        { "not begun", static one => one["nbf"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 240 },
        { "another nonce", static one => one["nonce"] += "x" },
        { "no nonce", static one => one["nonce"] = null },
        { "no subject", static one => one["sub"] = null },
        { "another access token", static one => one["at_hash"] = Base64UrlEncoder.Encode(new byte[16]) },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public async Task A_token_with_one_wrong_claim_does_not(string what, Action<Dictionary<string, object?>> spoil)
    {
        var told = await host.SignInAsync(right =>
        {
            spoil(right);
            return Provider.Sign(right);
        });
        Assert.True(told.StartsWith(NotAccepted, StringComparison.Ordinal), $"{what}: {told}");
    }

    [Fact]
    public async Task Several_audiences_are_accepted_with_this_client_as_the_authorised_party_and_the_hash_of_the_access_token() =>
        Assert.StartsWith("session=", await host.SignInAsync(right =>
        {
            (right["aud"], right["azp"]) = (new[] { "another", HostileProvider.ClientId }, HostileProvider.ClientId);
            right["at_hash"] = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(HostileProvider.AccessToken))[..16]);
            return Provider.Sign(right);
        }), StringComparison.Ordinal);

    [Fact]
    public async Task A_token_that_is_not_signed_by_the_providers_key_and_an_algorithm_for_that_does_not()
    {
        var stranger = HostileProvider.NewKey();
        stranger.KeyId = Provider.Key.KeyId;
        string[] told =
        [
            await host.SignInAsync(right => Provider.Sign(right, null)),
            await host.SignInAsync(right => Provider.Sign(right, key: stranger)),
            await host.SignInAsync(right => Provider.Sign(right, key: HostileProvider.NewKey())),
            await host.SignInAsync(right => Provider.Sign(right, SecurityAlgorithms.RsaSha512)),

            // The client's secret is no key, and the provider's public one, which everybody has, is none for this algorithm.
            await host.SignInAsync(right => Provider.Sign(right, SecurityAlgorithms.HmacSha256, new SymmetricSecurityKey(Encoding.UTF8.GetBytes(HostileProvider.ClientSecret)))),
            await host.SignInAsync(right => Provider.Sign(right, SecurityAlgorithms.HmacSha256, new SymmetricSecurityKey(
                ((RsaSecurityKey)Provider.Key).Rsa.ExportSubjectPublicKeyInfo()) { KeyId = Provider.Key.KeyId })),
            await host.SignInAsync(right => Provider.Sign(right)[..^4] + "AAAA"),
            await host.SignInAsync(static _ => "no token"),
            await host.SignInAsync(static _ => ""),
        ];
        Assert.All(told, static one => Assert.StartsWith(NotAccepted, one, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_address_counts_if_the_provider_has_verified_it()
    {
        foreach (object? verified in new object?[] { false, null, "yes", 1 })
        {
            Assert.Contains("linked to no user", await host.SignInAsync(right =>
            {
                right["email_verified"] = verified;
                return Provider.Sign(right);
            }), StringComparison.Ordinal);
        }

        // What is no address, or has letters that look like others.
        foreach (var email in new[] { "no address", "аda@example.com" })
        {
            Assert.Contains("email:", await host.SignInAsync(right =>
            {
                right["email"] = email;
                return Provider.Sign(right);
            }), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task That_an_address_is_verified_leads_to_nobody_who_is_here_already_where_that_is_not_allowed()
    {
        var email = $"{Guid.NewGuid():n}@example.com";
        Assert.StartsWith("session=", await host.SignInAsync(right => Provider.Sign(With(right, email))), StringComparison.Ordinal);
        Assert.Contains("linked to no user", await host.SignInAsync(right => Provider.Sign(With(right, email))), StringComparison.Ordinal);
        Assert.Contains("linked to no user", await host.SignInAsync(right => Provider.Sign(With(right, email.ToUpperInvariant()))), StringComparison.Ordinal);

        static Dictionary<string, object?> With(Dictionary<string, object?> right, string email)
        {
            right["email"] = email;
            return right;
        }
    }

    [Fact]
    public async Task A_subject_that_no_link_has_room_for_does_not() =>
        Assert.StartsWith("problem=", await host.SignInAsync(right =>
        {
            right["sub"] = new string('x', 256);
            return Provider.Sign(right);
        }), StringComparison.Ordinal);
}
