using Skerry.Objects;

namespace Skerry.Accounts.Tokens;

/// <summary>
/// Finds a token's owner by the hash of its value. There are 256 of them, by the hash's first byte: their names are two
/// hexadecimal digits. An entry is only a hint: the owner says whether the token is one, and whether it is this value's.
/// </summary>
public interface ITokenIndex : IDurableObject
{
    /// <summary>Files a token's value under its hash. It is there before the token is.</summary>
    Task Put(byte[] hash, TokenOwner owner);

    /// <summary>Who owns the token with this hash; null if nobody does.</summary>
    Task<TokenOwner?> Find(byte[] hash);

    /// <summary>Forgets a value that is no token's any more.</summary>
    Task Remove(byte[] hash);
}
