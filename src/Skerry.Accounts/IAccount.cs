using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;

namespace Skerry.Accounts;

/// <summary>An account: the tokens that it owns, who its members are, and the log of everything that was changed in it.</summary>
/// <inheritdoc cref="ITokenHolder"/>
public interface IAccount : ITokenHolder
{
    /// <summary>The most members of one account, invitations included.</summary>
    const int MembersMax = 10_000;

    /// <summary>The longest text of an entry that <see cref="Record"/> adds, in characters.</summary>
    const int RecordedCharsMax = 4_096;

    /// <summary>Makes the account, if it is not there.</summary>
    Task<AccountInfo> Create(string name, Actor by);

    /// <summary>The account; null if it was never made.</summary>
    Task<AccountInfo?> Get();

    /// <summary>
    /// Adds an entry to the account's log, for what its members do as operators and no object of the account does, such as to
    /// make or delete a user. It is added before that is done, so that nothing is done without one.
    /// </summary>
    /// <param name="action">What is about to be done, such as <c>create</c>.</param>
    /// <param name="resourceType">To what kind of thing, such as <c>user</c>.</param>
    /// <param name="resourceId">To which.</param>
    /// <param name="after">What it is to be, as JSON without secrets; null for what is about to go.</param>
    /// <param name="by">Who does it.</param>
    /// <exception cref="ArgumentException">A text is longer than <see cref="RecordedCharsMax"/>, or says nothing; nothing was added.</exception>
    /// <exception cref="InvalidOperationException">The account was never made, so it has no log.</exception>
    Task Record(string action, string resourceType, string resourceId, string? after, Actor by);

    /// <summary>
    /// Invites whoever has an e-mail address, or will have it. Whether somebody has it already cannot be seen from the answer.
    /// </summary>
    /// <param name="email">The address.</param>
    /// <param name="settings">The roles and policies that the member is to have.</param>
    /// <param name="by">Who does it.</param>
    Task<Answer<MemberRecord>> InviteMember(string email, MemberSettings settings, Actor by);

    /// <summary>A member or an invitation; null if there is none with this id.</summary>
    Task<MemberRecord?> GetMember(string id);

    /// <summary>What a user is here; null if no member, or not accepted yet.</summary>
    Task<MemberRecord?> FindMember(string userId);

    /// <summary>The same with the account.</summary>
    Task<Membership?> FindMembership(string userId);

    /// <summary>A member or an invitation with the account; null if there is none with this id.</summary>
    Task<Membership?> GetMembership(string id);

    /// <summary>Members and invitations, the oldest first.</summary>
    /// <inheritdoc cref="ITokenHolder.ListTokens"/>
    Task<MemberPage> ListMembers(int skip, int take);

    /// <summary>Changes what can be chosen of a member. The last super administrator cannot be made weaker.</summary>
    /// <param name="id">The member.</param>
    /// <param name="settings">All of it.</param>
    /// <param name="version">Only if it is this version; null: whatever it is.</param>
    /// <param name="by">Who does it.</param>
    Task<Answer<MemberRecord>> UpdateMember(string id, MemberSettings settings, long? version, Actor by);

    /// <summary>
    /// Removes a member, or takes back an invitation; the rights end here at once, and on every node within a second. The last
    /// super administrator cannot be removed. Tokens of the account that the member has made stay.
    /// </summary>
    /// <inheritdoc cref="UpdateMember"/>
    Task<Answer<MemberRecord>> RemoveMember(string id, long? version, Actor by);

    /// <summary>For the user's object only: gives an invitation to the user who has its e-mail address. Can be repeated.</summary>
    Task<Answer<MemberRecord>> AcceptInvitation(string id, string userId, string email, Actor by);

    /// <summary>For the user's object only: takes back an invitation whose e-mail address the user has.</summary>
    Task<Answer<MemberRecord>> DeclineInvitation(string id, string email, Actor by);

    /// <summary>For the user's object only: a user leaves. The last super administrator cannot.</summary>
    Task<Answer<MemberRecord>> Leave(string userId, Actor by);

    /// <summary>For the user's object only: the member, if the user could leave; else why not.</summary>
    Task<Answer<MemberRecord>> MayLeave(string userId);

    /// <summary>For the user's object only: makes a user the super administrator of an account without members. Can be repeated.</summary>
    Task<Answer<MemberRecord>> AddFirstMember(string userId, string email, Actor by);

    /// <summary>For the user's object only: keeps the e-mail address by which people know a member.</summary>
    Task<Answer<MemberRecord>> ChangeMemberEmail(string userId, string email, Actor by);
}
