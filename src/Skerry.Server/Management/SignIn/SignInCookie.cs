using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Skerry.Server.Configuration;

namespace Skerry.Server.Management.SignIn;

/// <summary>
/// Keeps a sign-in that was begun in the browser that has begun it, so that nothing waits here that somebody could fill, the
/// end may reach another node than the beginning did, and an answer from the provider is of no use in anybody else's browser.
/// A browser has one at a time.
/// </summary>
/// <remarks>
/// It is sealed by AES-256-GCM with a key that all nodes have without being told: it is derived (HKDF-SHA256) from the
/// client's secret, which they share anyway, and which nobody else has but the provider. Each cookie has a key and a nonce of
/// its own, from a salt that stands in it, so that it does not matter how many are made. That it was used already is not
/// known here: a code is good once at the provider.
/// </remarks>
internal sealed class SignInCookie(SkerryServerOptions options, SignInAddress address, RandomNumberGenerator random, TimeProvider time)
{
    /// <summary>Its name.</summary>
    public const string Name = "skerry-sign-in";

    private const int SaltBytes = 32;
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>Gives it to the browser.</summary>
    public void Give(HttpContext http, PendingSignIn pending) => http.Response.Cookies.Append(Name, Seal(pending), Attributes(PendingSignIn.Patience));

    /// <summary>The sign-in that this browser has begun; null if there is none, or it was begun too long ago.</summary>
    public PendingSignIn? Find(HttpContext http) => http.Request.Cookies[Name] is { } value ? Open(value) : null;

    /// <summary>Takes it away from the browser.</summary>
    public void Take(HttpContext http) => http.Response.Cookies.Delete(Name, Attributes(null));

    /// <summary>The cookie's value.</summary>
    internal string Seal(PendingSignIn pending)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(pending, ManagementJson.Default.PendingSignIn);
        var sealedText = new byte[SaltBytes + TagBytes + text.Length];
        var salt = sealedText.AsSpan(0, SaltBytes);
        random.GetBytes(salt);
        Span<byte> keys = stackalloc byte[KeyBytes + NonceBytes];
        Derive(salt, keys);
        using var cipher = new AesGcm(keys[..KeyBytes], TagBytes);
        cipher.Encrypt(keys[KeyBytes..], text, sealedText.AsSpan(SaltBytes + TagBytes), sealedText.AsSpan(SaltBytes, TagBytes));
        return Base64Url.EncodeToString(sealedText);
    }

    /// <summary>What is in a value; null if it was not made so, or is over.</summary>
    internal PendingSignIn? Open(string value)
    {
        if (!Base64Url.IsValid(value) || Base64Url.DecodeFromChars(value) is not { Length: > SaltBytes + TagBytes } sealedText)
        {
            return null;
        }

        Span<byte> keys = stackalloc byte[KeyBytes + NonceBytes];
        Derive(sealedText.AsSpan(0, SaltBytes), keys);
        using var cipher = new AesGcm(keys[..KeyBytes], TagBytes);
        var text = new byte[sealedText.Length - SaltBytes - TagBytes];
        try
        {
            cipher.Decrypt(keys[KeyBytes..], sealedText.AsSpan(SaltBytes + TagBytes), sealedText.AsSpan(SaltBytes, TagBytes), text);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return JsonSerializer.Deserialize(text, ManagementJson.Default.PendingSignIn) is { } pending && time.GetUtcNow() < pending.EndsOn ? pending : null;
    }

    // Of one provider and client a cookie is of no use with another, even where they have one secret.
    private void Derive(ReadOnlySpan<byte> salt, Span<byte> keys) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256,
        Encoding.UTF8.GetBytes(options.SignIn.OidcClientSecret!),
        keys,
        salt,
        Encoding.UTF8.GetBytes($"skerry sign-in cookie 1\n{options.SignIn.OidcIssuer}\n{options.SignIn.OidcClientId}"));

    // Lax, for the provider's page leads here, from another site. It goes nowhere but to the end of the sign-in.
    private CookieOptions Attributes(TimeSpan? maxAge) => new()
    {
        Path = SignInAddress.CallbackPath,
        HttpOnly = true,
        Secure = address.IsSecure,
        SameSite = SameSiteMode.Lax,
        MaxAge = maxAge,
        IsEssential = true,
    };
}
