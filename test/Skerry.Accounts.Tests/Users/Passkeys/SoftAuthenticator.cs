using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Skerry.Accounts.Tests.Users.Passkeys;

/// <summary>An authenticator with a browser around it, in software: one key, ES256, no attestation (WebAuthn level 3, 6.5.4 and 7).</summary>
internal sealed class SoftAuthenticator : IDisposable
{
    private const byte UserPresent = 0x01;
    private const byte UserVerified = 0x04;
    private const byte HasCredential = 0x40;

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] Credential { get; } = RandomNumberGenerator.GetBytes(32);

    public string Origin { get; init; } = "http://localhost:8788";

    public string Domain { get; init; } = "localhost";

    public bool VerifiesUser { get; init; } = true;

    public byte[] UserHandle { get; set; } = [];

    /// <summary>How often it has signed; one that does not count leaves it at 0.</summary>
    public uint Count { get; set; }

    public void Dispose() => _key.Dispose();

    /// <summary>Answers <c>navigator.credentials.create</c>.</summary>
    public string Create(string options)
    {
        var asked = JsonElement.Parse(options);
        UserHandle = Base64Url.DecodeFromChars(asked.GetProperty("user").GetProperty("id").GetString());
        var point = _key.ExportParameters(false).Q;

        // A map of key type EC2, algorithm ES256, curve P-256 and the point; RFC 9053.
        byte[] cose = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, .. point.X!, 0x22, 0x58, 0x20, .. point.Y!];
        byte[] data = [.. AuthenticatorData(HasCredential), .. new byte[16], 0, (byte)Credential.Length, .. Credential, .. cose];
        byte[] attestation = [0xa3, .. Text("fmt"), .. Text("none"), .. Text("attStmt"), 0xa0, .. Text("authData"), 0x58, (byte)data.Length, .. data];
        return JsonSerializer.Serialize(new
        {
            id = Base64Url.EncodeToString(Credential),
            rawId = Base64Url.EncodeToString(Credential),
            type = "public-key",
            response = new
            {
                attestationObject = Base64Url.EncodeToString(attestation),
                clientDataJSON = Base64Url.EncodeToString(ClientData("webauthn.create", asked)),
                transports = new[] { "internal" },
            },
        });
    }

    /// <summary>Answers <c>navigator.credentials.get</c>.</summary>
    public string Get(string options)
    {
        var client = ClientData("webauthn.get", JsonElement.Parse(options));
        var data = AuthenticatorData(0);
        byte[] signed = [.. data, .. SHA256.HashData(client)];
        return JsonSerializer.Serialize(new
        {
            id = Base64Url.EncodeToString(Credential),
            rawId = Base64Url.EncodeToString(Credential),
            type = "public-key",
            response = new
            {
                authenticatorData = Base64Url.EncodeToString(data),
                clientDataJSON = Base64Url.EncodeToString(client),
                signature = Base64Url.EncodeToString(_key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)),
                userHandle = Base64Url.EncodeToString(UserHandle),
            },
        });
    }

    private byte[] AuthenticatorData(byte flags)
    {
        var count = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(count, Count);
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(Domain)), (byte)(flags | UserPresent | (VerifiesUser ? UserVerified : 0)), .. count];
    }

    private byte[] ClientData(string type, JsonElement asked) =>
        JsonSerializer.SerializeToUtf8Bytes(new { type, challenge = asked.GetProperty("challenge").GetString(), origin = Origin, crossOrigin = false });

    // A CBOR text of up to 23 bytes.
    private static byte[] Text(string text) => [(byte)(0x60 + text.Length), .. Encoding.ASCII.GetBytes(text)];
}
