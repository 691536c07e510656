namespace Skerry.Accounts.Users.Passkeys;

/// <summary>What a browser is to ask an authenticator for.</summary>
/// <param name="Options">
/// The <c>publicKey</c> member of what <c>navigator.credentials.create</c> or <c>get</c> takes, as JSON with its bytes in
/// base64url. Good for five minutes.
/// </param>
public sealed record PasskeyRequest(string Options);
