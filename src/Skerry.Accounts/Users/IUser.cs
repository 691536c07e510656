using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Accounts.Users.Passkeys;
using Skerry.Accounts.Users.Sessions;
using Skerry.Accounts.Users.TwoFactor;

namespace Skerry.Accounts.Users;

/// <summary>
/// A person: how he proves that it is him, his sessions and tokens, in which accounts he is a member, and the log of everything
/// that was changed in it. <see cref="UserRegistry"/> finds users by what people type. The secret of the second factor is stored
/// as it is, for it is computed with; of passwords, tokens and recovery codes only hashes are.
/// </summary>
/// <remarks>
/// Where <c>by</c> is a parameter of something that asks for a password, its address is what guesses are counted by.
/// </remarks>
/// <inheritdoc cref="ITokenHolder"/>
public interface IUser : ITokenHolder
{
    /// <summary>The most sessions of a user. One more ends the oldest.</summary>
    const int SessionsMax = 50;

    /// <summary>The most identities at other sign-ins of a user.</summary>
    const int LinksMax = 10;

    /// <summary>The most passkeys of a user.</summary>
    const int PasskeysMax = 20;

    /// <summary>The most accounts in which a user can be a member.</summary>
    const int MembershipsMax = 500;

    /// <summary>Makes the user, if nobody has the e-mail address. An id is used once.</summary>
    Task<Answer<UserInfo>> Create(NewUser user, Actor by);

    /// <summary>The user; null if there is none.</summary>
    Task<UserInfo?> Get();

    /// <summary>Changes the names.</summary>
    Task<Answer<UserInfo>> UpdateProfile(string? firstName, string? lastName, Actor by);

    /// <summary>Changes the e-mail address, unless somebody else has it. Invitations for the new one are this user's then.</summary>
    Task<Answer<UserInfo>> ChangeEmail(string email, Actor by);

    /// <summary>
    /// Changes the password, and ends all other sessions. Tokens stay unless <paramref name="endTokens"/> says otherwise, as
    /// programs go on by them; but whoever had the old password, or a session, may have made some: somebody whose password was
    /// stolen has to end or look through them too.
    /// </summary>
    /// <param name="current">The password until now; null if there is none yet.</param>
    /// <param name="password">The new one.</param>
    /// <param name="keptSession">The session that stays; null: none.</param>
    /// <param name="by">Who does it.</param>
    /// <param name="endTokens">Whether all of the user's tokens end too. Those of accounts that he has made stay in any case.</param>
    Task<Answer<UserInfo>> ChangePassword(string? current, string password, string? keptSession, Actor by, bool endTokens = false);

    /// <summary>
    /// Deletes the user: tokens, sessions and memberships end; tokens of accounts that he has made stay, and so does the log.
    /// Refused for the last super administrator of an account. Can be repeated.
    /// </summary>
    Task<Answer<UserInfo>> Delete(Actor by);

    /// <summary>Begins a session by password. A user who is not there takes as much work, and answers like a wrong password.</summary>
    /// <param name="password">The password.</param>
    /// <param name="code">A code of the second factor, or a recovery code; null: none.</param>
    /// <param name="by">Where from, and by what client.</param>
    Task<Answer<CreatedSession>> SignIn(string password, string? code, Actor by);

    /// <summary>Begins a session of somebody whom another sign-in has let in, and whoever asks has checked that.</summary>
    Task<Answer<CreatedSession>> SignInByLink(UserLink link, Actor by);

    /// <summary>Ends a session, here at once, and on every node within a second.</summary>
    Task<Answer<SessionRecord>> SignOut(string sessionId, Actor by);

    /// <summary>The sessions that are not over, the newest first.</summary>
    Task<IReadOnlyList<SessionRecord>> ListSessions();

    /// <summary>What to ask an authenticator for, to sign in by a passkey. Of a user who is not there it looks the same.</summary>
    Task<PasskeyRequest> BeginPasskeySignIn();

    /// <summary>
    /// Begins a session by a passkey, which is two factors in one. A signature cannot be guessed, so nobody is held up here.
    /// </summary>
    /// <param name="response">What the authenticator has answered, as JSON.</param>
    /// <param name="by">Where from, and by what client.</param>
    Task<Answer<CreatedSession>> SignInByPasskey(string response, Actor by);

    /// <summary>What to ask an authenticator for, to add a passkey.</summary>
    Task<Answer<PasskeyRequest>> BeginPasskey();

    /// <summary>Adds a passkey.</summary>
    /// <param name="name">For people; 1 to <see cref="PasskeyRecord.NameCharsMax"/> characters.</param>
    /// <param name="response">What the authenticator has answered, as JSON.</param>
    /// <param name="by">Who does it.</param>
    Task<Answer<PasskeyRecord>> AddPasskey(string name, string response, Actor by);

    /// <summary>The passkeys, the oldest first.</summary>
    Task<IReadOnlyList<PasskeyRecord>> ListPasskeys();

    /// <summary>Gives a passkey another name.</summary>
    Task<Answer<PasskeyRecord>> RenamePasskey(string id, string name, Actor by);

    /// <summary>Removes a passkey, unless nothing else lets the user in, and ends all other sessions.</summary>
    Task<Answer<PasskeyRecord>> RemovePasskey(string id, Actor by);

    /// <summary>Makes an identity at another sign-in this user's, unless it is somebody else's. Can be repeated.</summary>
    Task<Answer<UserLink>> Link(UserLink link, Actor by);

    /// <summary>
    /// Makes an identity this user's because its issuer says that it has the user's e-mail address: only while the user has
    /// that address, and no other identity of the same issuer. Can be repeated.
    /// </summary>
    Task<Answer<UserLink>> LinkByEmail(UserLink link, string email, Actor by);

    /// <summary>Takes an identity at another sign-in away, unless nothing else lets the user in, and ends all other sessions.</summary>
    Task<Answer<UserLink>> Unlink(UserLink link, Actor by);

    /// <summary>The identities at other sign-ins.</summary>
    Task<IReadOnlyList<UserLink>> ListLinks();

    /// <summary>Begins to enrol an app that shows codes. Nothing changes before that is confirmed, which has to be within 15 minutes.</summary>
    Task<Answer<TwoFactorEnrolment>> BeginTwoFactor();

    /// <summary>Enables the second factor by a code that the app shows.</summary>
    Task<Answer<RecoveryCodes>> ConfirmTwoFactor(string code, Actor by);

    /// <summary>Disables the second factor.</summary>
    Task<Answer<UserInfo>> DisableTwoFactor(string password, Actor by);

    /// <summary>The accounts in which the user is a member, and then the invitations to his e-mail address, as the accounts have them now.</summary>
    Task<IReadOnlyList<Membership>> ListMemberships();

    /// <summary>One of <see cref="ListMemberships"/>; null if there is none with this id. As a rule one account is asked, however many there are.</summary>
    Task<Membership?> FindMembership(string id);

    /// <summary>Accepts an invitation. Can be repeated.</summary>
    Task<Answer<MemberRecord>> AcceptMembership(string id, Actor by);

    /// <summary>Leaves an account, or declines an invitation. The last super administrator of an account cannot leave.</summary>
    Task<Answer<MemberRecord>> LeaveMembership(string id, Actor by);

    /// <summary>Makes the user the super administrator of an account that has no members. Can be repeated.</summary>
    Task<Answer<MemberRecord>> JoinAsFirstMember(string accountId, Actor by);

    /// <summary>For the account's object only: what is noted of a membership there is not so any more.</summary>
    Task ForgetMembership(string accountId);
}
