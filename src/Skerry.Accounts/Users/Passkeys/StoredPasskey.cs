namespace Skerry.Accounts.Users.Passkeys;

/// <summary>What is needed of a passkey to check what it signs. None of it is secret.</summary>
/// <param name="Credential">The authenticator's id of it.</param>
/// <param name="PublicKey">The key as COSE has it.</param>
/// <param name="SignCount">How often it has signed, if its authenticator counts; else 0.</param>
internal sealed record StoredPasskey(byte[] Credential, byte[] PublicKey, long SignCount);
