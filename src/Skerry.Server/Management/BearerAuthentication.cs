using System.Security.Cryptography;
using System.Text;
using Skerry.Server.Credentials;

namespace Skerry.Server.Management;

/// <summary>Lets requests under <c>/client/v4</c> through that carry the owner's token.</summary>
internal sealed class BearerAuthentication(AccountCredentials credentials)
{
    private const string Scheme = "Bearer ";
    private static readonly PathString VerifyPath = "/client/v4/user/tokens/verify";

    private readonly byte[] _expected = Hash(credentials.ApiToken);

    /// <summary>The middleware.</summary>
    public Task Invoke(HttpContext http, RequestDelegate next)
    {
        if (!http.Request.Path.StartsWithSegments("/client/v4"))
        {
            return next(http);
        }

        var header = http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return Refuse(http, ErrorCodes.Authentication, "Authentication error: send the header \"Authorization: Bearer <api_token>\" with the token from credentials.json.");
        }

        // Hashes have one length, so that comparing in constant time hides the token's length too.
        if (!CryptographicOperations.FixedTimeEquals(Hash(header[Scheme.Length..].Trim()), _expected))
        {
            return http.Request.Path == VerifyPath
                ? Refuse(http, ErrorCodes.InvalidToken, "Invalid API Token")
                : Refuse(http, ErrorCodes.Authentication, "Authentication error: the token is not valid on this node.");
        }

        return next(http);
    }

    private static Task Refuse(HttpContext http, int code, string message)
    {
        http.Response.Headers.WWWAuthenticate = "Bearer";
        return EnvelopeResponse.Error(http, StatusCodes.Status401Unauthorized, code, message);
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
