using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Objects;

namespace Skerry.Accounts;

/// <inheritdoc cref="IAccount"/>
public sealed class Account : TokenHolder, IAccount
{
    private readonly DurableObjectNamespace<IUser> _users;
    private readonly DurableObjectNamespace<IUserIndex> _userIndex;
    private MemberTable? _members;

    /// <summary>Opens it.</summary>
    /// <param name="tokenIndex">Where tokens are found by their values.</param>
    /// <param name="users">The users.</param>
    /// <param name="userIndex">Where invitations are found by their e-mail addresses.</param>
    /// <param name="random">A cryptographic source.</param>
    /// <param name="time">The clock.</param>
    public Account(
        DurableObjectNamespace<ITokenIndex> tokenIndex,
        DurableObjectNamespace<IUser> users,
        DurableObjectNamespace<IUserIndex> userIndex,
        RandomNumberGenerator random,
        TimeProvider time)
        : base(TokenKind.Account, tokenIndex, random, time)
    {
        (_users, _userIndex) = (users, userIndex);
        OpenMembers();
    }

    /// <inheritdoc/>
    public Task<AccountInfo> Create(string name, Actor by)
    {
        if (!Exists)
        {
            var now = Parts.Now();
            Make("account", null, now, by, () =>
            {
                Sql.Exec("CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_on INTEGER NOT NULL)");
                Sql.Exec("INSERT INTO account (id, name, created_on) VALUES (?, ?, ?)", HolderId, name, now);
                MemberTable.Create(Sql);
            });
            OpenMembers();
        }

        return Task.FromResult(Find());
    }

    /// <inheritdoc/>
    public Task<AccountInfo?> Get() => Task.FromResult(Exists ? Find() : null);

    /// <inheritdoc/>
    public Task Record(string action, string resourceType, string resourceId, string? after, Actor by)
    {
        CheckRecorded(action);
        CheckRecorded(resourceType);
        CheckRecorded(resourceId);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(after?.Length ?? 0, IAccount.RecordedCharsMax, nameof(after));
        if (Audit is not { } audit)
        {
            throw new InvalidOperationException($"There is no account {HolderId}, so what is done cannot be recorded there.");
        }

        audit.Add(new(Parts.NewId(), Parts.Now(), action, by, resourceType, resourceId, null, after));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// 1. The invitation is filed under its address: a filed one that is no invitation gives nobody anything.
    /// 2. It is added here, which is the truth.
    /// </remarks>
    public async Task<Answer<MemberRecord>> InviteMember(string email, MemberSettings settings, Actor by)
    {
        if (_members is null)
        {
            return Missing<MemberRecord>();
        }

        if (!EmailAddress.TryNormalize(email, out var address, out var problem))
        {
            return new(null, AccountsFault.Invalid, problem);
        }

        if (_members.RefusalToInvite(address, settings) is { } refusal)
        {
            return refusal;
        }

        // 1
        var (id, key) = (Parts.NewId(), UserKey.OfEmail(address));
        if (!await _userIndex.Of(key).AddInvitation(key, new(HolderId, id, Parts.Now())))
        {
            return new(null, AccountsFault.TooMany, $"{address} has {IUserIndex.InvitationsMax} invitations that are not answered yet.");
        }

        // 2. Others may have been in meanwhile.
        if (_members.RefusalToInvite(address, settings) is { } late)
        {
            RemoveInvitation(key, id);
            return late;
        }

        return _members.Invite(id, address, settings, by);
    }

    /// <inheritdoc/>
    public Task<MemberRecord?> GetMember(string id) => Task.FromResult(_members?.Find(id));

    /// <inheritdoc/>
    public Task<MemberRecord?> FindMember(string userId) => Task.FromResult(_members?.FindByUser(userId));

    /// <inheritdoc/>
    public Task<Membership?> FindMembership(string userId) => Task.FromResult(WithAccount(_members?.FindByUser(userId)));

    /// <inheritdoc/>
    public Task<Membership?> GetMembership(string id) => Task.FromResult(WithAccount(_members?.Find(id)));

    /// <inheritdoc/>
    public Task<MemberPage> ListMembers(int skip, int take) => Task.FromResult(_members?.List(skip, take) ?? new([], 0));

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> UpdateMember(string id, MemberSettings settings, long? version, Actor by) =>
        Task.FromResult(_members?.Update(id, settings, version, by) ?? Missing<MemberRecord>());

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> RemoveMember(string id, long? version, Actor by)
    {
        var answer = _members?.Remove(id, version, by) ?? Missing<MemberRecord>();
        if (answer.Value is { } gone)
        {
            Forget(gone);
        }

        return Task.FromResult(answer);
    }

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> AcceptInvitation(string id, string userId, string email, Actor by)
    {
        var answer = _members?.Accept(id, userId, email, by) ?? Missing<MemberRecord>();
        if (answer.Value is not null)
        {
            RemoveInvitation(UserKey.OfEmail(email), id);
        }

        return Task.FromResult(answer);
    }

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> DeclineInvitation(string id, string email, Actor by)
    {
        var answer = _members?.Decline(id, email, by) ?? Missing<MemberRecord>();
        if (answer.Value is { } gone)
        {
            Forget(gone);
        }

        return Task.FromResult(answer);
    }

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> Leave(string userId, Actor by) => Task.FromResult(_members?.Leave(userId, by) ?? Missing<MemberRecord>());

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> MayLeave(string userId) => Task.FromResult(_members?.MayLeave(userId) ?? Missing<MemberRecord>());

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> AddFirstMember(string userId, string email, Actor by) =>
        Task.FromResult(_members?.AddFirst(userId, email, by) ?? Missing<MemberRecord>());

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> ChangeMemberEmail(string userId, string email, Actor by) =>
        Task.FromResult(_members?.ChangeEmail(userId, email, by) ?? Missing<MemberRecord>());

    private protected override Answer<T> Missing<T>() => new(null, AccountsFault.NotFound, $"There is no account {HolderId}.");

    private static void CheckRecorded(string text, [CallerArgumentExpression(nameof(text))] string? name = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(text, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(text.Length, IAccount.RecordedCharsMax, name);
    }

    // Nobody waits for it: what others have noted of a member counts for nothing without the member.
    private void Forget(MemberRecord member)
    {
        if (member.UserId is { } user)
        {
            Context.WaitUntil(_users.GetByName(user).ForgetMembership(HolderId));
        }
        else
        {
            RemoveInvitation(UserKey.OfEmail(member.Email), member.Id);
        }
    }

    private void RemoveInvitation(byte[] key, string id) => Context.WaitUntil(_userIndex.Of(key).RemoveInvitation(key, id));

    private void OpenMembers() => _members = Exists ? new(HolderId, Parts, Audit!) : null;

    private Membership? WithAccount(MemberRecord? member) => member is null ? null : new(Find(), member);

    private AccountInfo Find() => Sql.Exec<AccountInfo>("SELECT id, name, created_on FROM account").One();
}
