using Skerry.Objects;

namespace Skerry.Accounts.Users;

/// <summary>
/// Finds users by a key that is one user's only: an e-mail address or an identity at another sign-in (<see cref="UserKey"/>).
/// There are 256 of them, by the key's first byte: their names are two hexadecimal digits.
/// </summary>
/// <remarks>
/// A key is claimed, the user is written, the claim is confirmed; only then is the user found by it. A claim that was not
/// confirmed within a minute is one whose maker may have died, and the next who wants the key gets it. The maker, if he lives,
/// is told so when he confirms.
/// </remarks>
public interface IUserIndex : IDurableObject
{
    /// <summary>The most invitations for one e-mail address that are not answered.</summary>
    const int InvitationsMax = 100;

    /// <summary>The user who has the key; null if nobody has, or it is only claimed.</summary>
    Task<string?> Find(byte[] key);

    /// <summary>Claims a key for a user. Can be repeated; a confirmed key stays so.</summary>
    /// <returns>False: somebody else has it, or claims it right now.</returns>
    Task<bool> Claim(byte[] key, string userId);

    /// <summary>Makes a claim good.</summary>
    /// <returns>False: the key is not this user's any more.</returns>
    Task<bool> Confirm(byte[] key, string userId);

    /// <summary>Gives back a key or a claim; nothing happens if it is somebody else's.</summary>
    Task Release(byte[] key, string userId);

    /// <summary>Files an invitation for whoever has an e-mail address, or will have it.</summary>
    /// <returns>False: there are <see cref="InvitationsMax"/> already.</returns>
    Task<bool> AddInvitation(byte[] key, Invitation invitation);

    /// <summary>The invitations for an e-mail address, the oldest first.</summary>
    Task<IReadOnlyList<Invitation>> ListInvitations(byte[] key);

    /// <summary>Forgets an invitation that was answered or taken back.</summary>
    Task RemoveInvitation(byte[] key, string memberId);
}
