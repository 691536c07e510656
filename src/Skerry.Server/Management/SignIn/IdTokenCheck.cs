using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Skerry.Accounts.Users;

namespace Skerry.Server.Management.SignIn;

/// <summary>
/// Says whom the provider's answer is about, if everything in it is as it has to be (OpenID Connect Core, 3.1.3.7): signature,
/// issuer, audience and time by one library, nonce, authorised party and the hash of the access token by its sibling for
/// OpenID Connect. Thread-safe.
/// </summary>
/// <param name="issuer">Who has to have made it.</param>
/// <param name="clientId">For whom.</param>
/// <param name="discovery">Where the provider's keys are.</param>
internal sealed class IdTokenCheck(string issuer, string clientId, OidcDiscovery discovery)
{
    // Clocks of servers differ by less where they are looked after at all.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    // With keys of the provider only. HS256 would make the client's secret such a key, and "none" asks for none.
    private static readonly string[] Algorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.RsaSsaPssSha256];

    private readonly JsonWebTokenHandler _handler = new();

    /// <summary>Checks an answer of the token endpoint.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="nonce">What the token has to name.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="OidcException">It is not as it has to be.</exception>
    public async Task<OidcIdentity> CheckAsync(OpenIdConnectMessage answer, string nonce, CancellationToken cancel)
    {
        var result = await ValidateAsync(answer.IdToken, await discovery.DescribeAsync(cancel));
        if (result.Exception is SecurityTokenSignatureKeyNotFoundException)
        {
            result = await ValidateAsync(answer.IdToken, await discovery.DescribeAnewAsync(cancel));
        }

        if (!result.IsValid)
        {
            throw NotAccepted(result.Exception);
        }

        var token = (JsonWebToken)result.SecurityToken;
        var protocol = new OpenIdConnectProtocolValidator
        {
            // Ours is random, and the cookie that it comes back in says how old it is.
            RequireTimeStampInNonce = false,
            RequireAzp = token.Audiences.Skip(1).Any(),
        };
        try
        {
            protocol.ValidateTokenResponse(new()
            {
                ClientId = clientId,
                Nonce = nonce,
                ProtocolMessage = answer,
                ValidatedIdToken = new System.IdentityModel.Tokens.Jwt.JwtSecurityToken(answer.IdToken),
            });
        }
        catch (OpenIdConnectProtocolException e)
        {
            throw NotAccepted(e);
        }

        var isVerified = token.TryGetPayloadValue<bool>(JwtRegisteredClaimNames.EmailVerified, out var verified) && verified;
        return new(
            new UserLink(issuer, token.Subject),
            isVerified && token.TryGetPayloadValue<string>(JwtRegisteredClaimNames.Email, out var email) ? email : null);
    }

    private Task<TokenValidationResult> ValidateAsync(string token, OpenIdConnectConfiguration provider) => _handler.ValidateTokenAsync(token, new TokenValidationParameters
    {
        ValidIssuer = issuer,
        ValidAudience = clientId,
        ValidAlgorithms = Algorithms,
        IssuerSigningKeys = provider.SigningKeys,
        ClockSkew = ClockSkew,
    });

    private static OidcException NotAccepted(Exception e) => new("What the identity provider says of you was not accepted; the node's log says why.", e);
}
