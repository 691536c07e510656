using System.Security.Cryptography;
using System.Text;
using Skerry.Server.Management.Access;
using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Requests;

/// <summary>
/// The header <c>Idempotency-Key</c>: a request that is sent again with the same key, because its answer was lost, makes
/// nothing a second time. What is made gets its id from the key and the token of the request, so that nothing has to be
/// remembered, and nobody meets another's keys.
/// </summary>
internal static class IdempotencyKey
{
    private const string Header = "Idempotency-Key";
    private const int CharsMax = 255;

    /// <summary>The id of what the request makes; null if it has no key.</summary>
    /// <exception cref="RequestException">The key is malformed.</exception>
    public static string? FindId(HttpContext http)
    {
        if (!http.Request.Headers.TryGetValue(Header, out var header))
        {
            return null;
        }

        return header is [{ Length: > 0 and <= CharsMax } key] && key.All(static one => one is > ' ' and < (char)127)
            ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{http.Token().Record.Id} {http.Request.Path} {key}")).AsSpan(0, 16))
            : throw new RequestException(
                StatusCodes.Status400BadRequest,
                [new(ErrorCodes.InvalidParameter, $"{Header}: it is not accepted; accepted are 1 to {CharsMax} visible characters of ASCII, once.", new(Parameter: Header))]);
    }

    /// <summary>The key was used for something else.</summary>
    public static RequestException Reused() => new(
        StatusCodes.Status422UnprocessableEntity,
        [new(ErrorCodes.KeyReused, $"{Header}: it was used with another body, or for something that was deleted since; send another one.", new(Parameter: Header))]);
}
