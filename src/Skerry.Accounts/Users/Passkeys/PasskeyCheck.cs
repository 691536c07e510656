using System.Text.Json;
using Fido2NetLib;
using Fido2NetLib.Exceptions;
using Fido2NetLib.Objects;
using Microsoft.Extensions.Options;

namespace Skerry.Accounts.Users.Passkeys;

/// <summary>
/// What WebAuthn asks authenticators for, and whether what they answer is right. A passkey has to be one that the authenticator
/// finds by itself, and has to have its user verified: it is two factors in one, and no list of a user's passkeys has to be
/// shown to whoever knows an e-mail address. Which make an authenticator is, is not asked. Thread-safe.
/// </summary>
/// <param name="options">Where passkeys are used.</param>
public sealed class PasskeyCheck(IOptions<PasskeyOptions> options)
{
    private const int ResponseCharsMax = 64 * 1024;

    private readonly Fido2Configuration _configuration = new()
    {
        RPID = options.Value.Domain,
        RPName = options.Value.Name,
        Origins = options.Value.Origins.ToHashSet(),
        Timeout = (uint)PasskeyChallenges.Lifetime.TotalMilliseconds,
    };

    /// <summary>What to ask for, to add a passkey.</summary>
    internal PasskeyRequest AskToAdd(string userId, UserRow user, IReadOnlyList<StoredPasskey> others, byte[] challenge) =>
        new(OptionsToAdd(userId, user, others, challenge).ToJson());

    /// <summary>What to ask for, to sign in.</summary>
    internal PasskeyRequest AskToSignIn(byte[] challenge) => new(OptionsToSignIn(challenge).ToJson());

    /// <summary>The passkey that an authenticator has made; null if the answer is not right.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="user">The same.</param>
    /// <param name="others">The passkeys that there are.</param>
    /// <param name="response">The answer as JSON.</param>
    /// <param name="isGood">Whether a challenge was asked for, and not answered before.</param>
    internal async Task<StoredPasskey?> AddedAsync(
        string userId, UserRow user, IReadOnlyList<StoredPasskey> others, string response, Func<byte[], bool> isGood)
    {
        var found = await CheckAsync<AuthenticatorAttestationRawResponse, RegisteredPublicKeyCredential>(response, async answer =>
            ChallengeOf(answer.Response.ClientDataJson) is { } challenge && isGood(challenge)
                ? await Checker.MakeNewCredentialAsync(new()
                {
                    AttestationResponse = answer,
                    OriginalOptions = OptionsToAdd(userId, user, others, challenge),
                    IsCredentialIdUniqueToUserCallback = (one, _) => Task.FromResult(!others.Any(other => other.Credential.AsSpan().SequenceEqual(one.CredentialId))),
                })
                : null);
        return found.Value is { } made ? new(made.Id, made.PublicKey, made.SignCount) : null;
    }

    /// <summary>The passkey that has signed, with its new count; or why the answer is not right.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="passkeys">His passkeys.</param>
    /// <param name="response">The answer as JSON.</param>
    /// <param name="isGood">Whether a challenge was asked for, and not answered before.</param>
    internal async Task<(StoredPasskey? Passkey, byte[] Challenge, bool CountedBack)> SignedAsync(
        string userId, IReadOnlyList<StoredPasskey> passkeys, string response, Func<byte[], bool> isGood)
    {
        StoredPasskey? passkey = null;
        byte[]? challenge = null;
        var found = await CheckAsync<AuthenticatorAssertionRawResponse, VerifyAssertionResult>(response, async answer =>
        {
            passkey = passkeys.FirstOrDefault(one => one.Credential.AsSpan().SequenceEqual(answer.RawId));
            challenge = ChallengeOf(answer.Response.ClientDataJson);
            return passkey is not null && challenge is not null && isGood(challenge)
                ? await Checker.MakeAssertionAsync(new()
                {
                    AssertionResponse = answer,
                    OriginalOptions = OptionsToSignIn(challenge),
                    StoredPublicKey = passkey.PublicKey,
                    StoredSignatureCounter = (uint)passkey.SignCount,
                    IsUserHandleOwnerOfCredentialIdCallback = (one, _) => Task.FromResult(one.UserHandle.AsSpan().SequenceEqual(HandleOf(userId))),
                })
                : null;
        });
        return found.Value is { } signed
            ? (passkey! with { SignCount = signed.SignCount }, challenge!, false)
            : (passkey, [], found.Error == Fido2ErrorCode.InvalidSignCount);
    }

    private Fido2 Checker => new(_configuration);

    private CredentialCreateOptions OptionsToAdd(string userId, UserRow user, IReadOnlyList<StoredPasskey> others, byte[] challenge) => CredentialCreateOptions.Create(
        _configuration,
        challenge,
        new() { Id = HandleOf(userId), Name = user.Email, DisplayName = $"{user.FirstName} {user.LastName}".Trim() is { Length: > 0 } name ? name : user.Email },
        new() { ResidentKey = ResidentKeyRequirement.Required, UserVerification = UserVerificationRequirement.Required },
        AttestationConveyancePreference.None,
        [.. others.Select(static one => new PublicKeyCredentialDescriptor(one.Credential))],
        null!,
        PubKeyCredParam.Defaults);

    private AssertionOptions OptionsToSignIn(byte[] challenge) =>
        AssertionOptions.Create(_configuration, challenge, [], UserVerificationRequirement.Required, null!);

    // Whatever goes wrong with an answer is the answer's fault: it comes from whoever likes to send one.
    private static async Task<(TResult? Value, Fido2ErrorCode? Error)> CheckAsync<TAnswer, TResult>(string response, Func<TAnswer, Task<TResult?>> check)
        where TAnswer : class
        where TResult : class
    {
        if (response is null or { Length: > ResponseCharsMax })
        {
            return default;
        }

        try
        {
            return JsonSerializer.Deserialize<TAnswer>(response) is { } answer ? (await check(answer), null) : default;
        }
        catch (Fido2VerificationException e)
        {
            return (null, e.Code);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return default;
        }
    }

    // Whether it is the one that was asked for is the callers' to say; what was signed is checked with it.
    private static byte[]? ChallengeOf(byte[] clientData)
    {
        using var json = JsonDocument.Parse(clientData);
        return json.RootElement.GetProperty("challenge").GetString() is { } text ? System.Buffers.Text.Base64Url.DecodeFromChars(text) : null;
    }

    private static byte[] HandleOf(string userId) => Convert.FromHexString(userId);
}
