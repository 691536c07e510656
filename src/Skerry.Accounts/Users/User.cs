using System.Security.Cryptography;
using System.Text.Json;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users.Passkeys;
using Skerry.Accounts.Users.Sessions;
using Skerry.Accounts.Users.SignIn;
using Skerry.Accounts.Users.TwoFactor;
using Skerry.Objects;

namespace Skerry.Accounts.Users;

/// <inheritdoc cref="IUser"/>
public sealed class User : TokenHolder, IUser
{
    private const string Resource = "user";

    private static readonly TimeSpan BusyTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SettleAgain = TimeSpan.FromMinutes(1);

    private readonly UserServices _services;
    private readonly UserTable _table;
    private readonly TwoFactorTable _factor;
    private readonly PasskeyTable _passkeys;
    private readonly HeldKeys _keys;
    private readonly LinkTable _links;
    private readonly MembershipTable _memberships;
    private readonly PasswordProof _proof;
    private readonly ChangeTurn _turn = new();
    private SessionTable? _sessions;

    /// <summary>Opens it.</summary>
    /// <param name="services">What it works with.</param>
    /// <param name="random">A cryptographic source.</param>
    /// <param name="time">The clock.</param>
    public User(UserServices services, RandomNumberGenerator random, TimeProvider time)
        : base(TokenKind.User, services.Tokens, random, time)
    {
        _services = services;
        _table = new(HolderId, Parts);
        _factor = new(Parts);
        _passkeys = new(HolderId, Find, Parts, services.Passkeys);
        _keys = new(HolderId, Parts, services.Index);
        _links = new(Parts, _keys, Log);
        _memberships = new(HolderId, Parts, services.Accounts, services.Index);
        _proof = new(HolderId, Find, _table, _factor, services.Hashing, services.Guards);
        OpenSessions();
    }

    private protected override bool Exists => Find() is not null;

    /// <inheritdoc/>
    /// <remarks>
    /// 1. Its keys are claimed. 2. It is written. 3. The claims are confirmed, and it is found from then on. What was written
    /// and cannot be confirmed, since somebody else has the key by now, goes again; so it does if the process dies in between.
    /// </remarks>
    public Task<Answer<UserInfo>> Create(NewUser user, Actor by) => AloneAsync<UserInfo>(async () =>
    {
        if (Audit is not null)
        {
            return new(null, AccountsFault.Taken, $"The id {HolderId} was used before.");
        }

        if (!user.TryCheck(out var email, out var problem))
        {
            return new(null, AccountsFault.Invalid, problem);
        }

        var hash = user.Password is null ? null : await _services.Hashing.HashAsync(user.Password, PasswordQueue.SignedIn);
        if (user.Password is not null && hash is null)
        {
            return Busy<UserInfo>();
        }

        // 1
        List<byte[]> keys = [UserKey.OfEmail(email)];
        if (user.Link is { } link)
        {
            keys.Add(LinkTable.KeyOf(link));
        }

        for (var i = 0; i < keys.Count; i++)
        {
            if (!await _services.Index.Of(keys[i]).Claim(keys[i], HolderId))
            {
                await Task.WhenAll(keys[..i].Select(key => _services.Index.Of(key).Release(key, HolderId)));
                return new(null, AccountsFault.Taken, i == 0 ? "email: somebody has this address." : "link: it is somebody else's.");
            }
        }

        // 2
        var now = Parts.Now();
        var row = new UserRow(email, user.FirstName, user.LastName, hash, 1, now, now);
        Make(Resource, Json(_table.Show(row, false)), now, by, () =>
        {
            UserTable.Create(Sql);
            LinkTable.Create(Sql);
            TwoFactorTable.Create(Sql);
            PasskeyTable.Create(Sql);
            SessionTable.Create(Sql);
            MembershipTable.Create(Sql);
            HeldKeys.Create(Sql);
            _table.Put(row);
            _passkeys.MakeKey();
            if (user.Link is not null)
            {
                _links.Put(user.Link);
            }

            _keys.Note(keys);
        });
        OpenSessions();

        // 3
        return await SettleAsync() ? Shown() : new Answer<UserInfo>(null, AccountsFault.Taken, "email: somebody has taken this address meanwhile.");
    });

    /// <inheritdoc/>
    public Task<UserInfo?> Get() => Task.FromResult(Find() is { } row ? _table.Show(row, _factor.IsEnabled) : null);

    /// <inheritdoc/>
    public Task<Answer<UserInfo>> UpdateProfile(string? firstName, string? lastName, Actor by)
    {
        if (Find() is not { } row)
        {
            return Task.FromResult(Missing<UserInfo>());
        }

        if (UserNames.Problem(firstName, lastName) is { } problem)
        {
            return Task.FromResult(new Answer<UserInfo>(null, AccountsFault.Invalid, problem));
        }

        return Task.FromResult<Answer<UserInfo>>(Change(row with { FirstName = firstName, LastName = lastName }, "update", by));
    }

    /// <inheritdoc/>
    /// <remarks>
    /// 1. The new key is taken: for a moment both lead here. 2. The address is written, the old key noted as one that is only
    /// held, and the accounts as those that are to be told. 3. The old key is given back, and the accounts are told.
    /// </remarks>
    public Task<Answer<UserInfo>> ChangeEmail(string email, Actor by) => AloneAsync<UserInfo>(async () =>
    {
        if (Find() is not { } before)
        {
            return Missing<UserInfo>();
        }

        if (!EmailAddress.TryNormalize(email, out var address, out var problem))
        {
            return new(null, AccountsFault.Invalid, problem);
        }

        if (address == before.Email)
        {
            return Shown();
        }

        // 1
        var (newKey, oldKey) = (UserKey.OfEmail(address), UserKey.OfEmail(before.Email));
        if (!await _keys.TakeAsync(newKey))
        {
            _keys.Keep(newKey);
            return new(null, AccountsFault.Taken, "email: somebody has this address.");
        }

        // 2. Others may have changed the names or the password meanwhile.
        var changed = Change(Find()! with { Email = address }, "change_email", by, () =>
        {
            _keys.Keep(newKey);
            _keys.Note(oldKey);
            _memberships.NoteEmail(by);
        });

        // 3. Nobody waits for the accounts: rights do not hang on what people see.
        await SettleAsync();
        Context.WaitUntil(TellEmailAsync());
        return changed;
    });

    /// <inheritdoc/>
    public async Task<Answer<UserInfo>> ChangePassword(string? current, string password, string? keptSession, Actor by, bool endTokens = false)
    {
        if (Find() is not { } row)
        {
            return Missing<UserInfo>();
        }

        if (PasswordRules.Problem(password, row.Email) is { } problem)
        {
            return new(null, AccountsFault.Invalid, problem);
        }

        if (row.PasswordHash is not null && await _proof.ProveAsync(current ?? "", withFactor: false, null, PasswordQueue.SignedIn, by) is { Value: null } failed)
        {
            return new(null, failed.Fault, failed.Message, failed.RetryAfter);
        }

        if (await _services.Hashing.HashAsync(password, PasswordQueue.SignedIn) is not { } hash)
        {
            return Busy<UserInfo>();
        }

        // Others may have been in meanwhile: the password that was proved is the one that is replaced.
        if (Find() is not { } now || now.PasswordNumber != row.PasswordNumber)
        {
            return new(null, AccountsFault.Changed, "The password was changed meanwhile.");
        }

        return Change(now with { PasswordHash = hash, PasswordNumber = now.PasswordNumber + 1 }, "change_password", by, () =>
        {
            _sessions!.EndOthers(keptSession);
            if (endTokens)
            {
                Tokens!.DeleteAll();
                Log("delete_tokens", by, null, null);
            }
        });
    }

    /// <inheritdoc/>
    /// <remarks>
    /// 1. He leaves his accounts. 2. He and all that is his is deleted, which ends tokens and sessions, and his keys are noted
    /// as only held. 3. They are given back.
    /// </remarks>
    public Task<Answer<UserInfo>> Delete(Actor by) => AloneAsync<UserInfo>(async () =>
    {
        if (Find() is null)
        {
            return Missing<UserInfo>();
        }

        // 1
        if (await _memberships.LeaveAllAsync(by) is { } refusal)
        {
            return new(null, refusal.Fault, refusal.Message);
        }

        // 2
        var gone = Shown();
        Remove(by);

        // 3
        await SettleAsync();
        Context.WaitUntil(_services.Guards.Of(HolderId).Forget(HolderId));
        return gone;
    });

    /// <inheritdoc/>
    public async Task<Answer<CreatedSession>> SignIn(string password, string? code, Actor by)
    {
        var proved = await _proof.ProveAsync(password, withFactor: true, code, PasswordQueue.Strangers, by);
        return proved.Value is { } row
            ? await BeginSessionAsync("sign_in", () => Find()?.PasswordNumber == row.PasswordNumber, by)
            : new(null, proved.Fault, proved.Message, proved.RetryAfter);
    }

    /// <inheritdoc/>
    public async Task<Answer<CreatedSession>> SignInByLink(UserLink link, Actor by)
    {
        return HasLink() ? await BeginSessionAsync("sign_in_by_link", HasLink, by) : new(null, AccountsFault.NotProved, "This sign-in is not linked to the user.");

        bool HasLink() => Exists && _links.Contains(link);
    }

    /// <inheritdoc/>
    public Task<PasskeyRequest> BeginPasskeySignIn() => Task.FromResult(_passkeys.AskToSignIn(Exists));

    /// <inheritdoc/>
    public async Task<Answer<CreatedSession>> SignInByPasskey(string response, Actor by) =>
        Exists && await _passkeys.TrySignInAsync(response, Audit!, by) is { } id
            ? await BeginSessionAsync("sign_in_by_passkey", () => Exists && _passkeys.List().Any(one => one.Id == id), by)
            : new(null, AccountsFault.NotProved, "The passkey is not one of the user's, or its answer is not right.");

    /// <inheritdoc/>
    public Task<Answer<PasskeyRequest>> BeginPasskey() =>
        Task.FromResult<Answer<PasskeyRequest>>(Find() is { } row ? _passkeys.AskToAdd(row) : Missing<PasskeyRequest>());

    /// <inheritdoc/>
    public Task<Answer<PasskeyRecord>> AddPasskey(string name, string response, Actor by) =>
        Find() is { } row ? _passkeys.AddAsync(name, response, row, Audit!, by) : Task.FromResult(Missing<PasskeyRecord>());

    /// <inheritdoc/>
    public Task<IReadOnlyList<PasskeyRecord>> ListPasskeys() => Task.FromResult(Exists ? _passkeys.List() : []);

    /// <inheritdoc/>
    public Task<Answer<PasskeyRecord>> RenamePasskey(string id, string name, Actor by) =>
        Task.FromResult(Exists ? _passkeys.Rename(id, name, Audit!, by) : Missing<PasskeyRecord>());

    /// <inheritdoc/>
    public Task<Answer<PasskeyRecord>> RemovePasskey(string id, Actor by)
    {
        if (Find() is not { } row)
        {
            return Task.FromResult(Missing<PasskeyRecord>());
        }

        var isThere = _passkeys.List().Any(one => one.Id == id);
        if (isThere && IsLastWayIn(row))
        {
            return Task.FromResult(LastWayIn<PasskeyRecord>());
        }

        // Whoever came in by it goes with it.
        if (isThere)
        {
            _sessions!.EndOthers(by.TokenId);
        }

        return Task.FromResult(_passkeys.Remove(id, Audit!, by));
    }

    /// <inheritdoc/>
    public Task<Answer<SessionRecord>> SignOut(string sessionId, Actor by) => Task.FromResult<Answer<SessionRecord>>(
        _sessions?.End(sessionId, by) is { } ended ? ended : new Answer<SessionRecord>(null, AccountsFault.NotFound, $"There is no session {sessionId}."));

    /// <inheritdoc/>
    public Task<IReadOnlyList<SessionRecord>> ListSessions() => Task.FromResult(_sessions?.List() ?? []);

    /// <inheritdoc/>
    public override Task<TokenRecord?> CheckToken(string id, byte[] hash) =>
        Task.FromResult(_sessions?.Check(id, hash) ?? Tokens?.Check(id, hash));

    /// <inheritdoc/>
    public override Task RecordTokenUse(string id, DateTimeOffset at)
    {
        _sessions?.RecordUse(id, at);
        return base.RecordTokenUse(id, at);
    }

    /// <inheritdoc/>
    public Task<Answer<UserLink>> Link(UserLink link, Actor by) =>
        AloneAsync<UserLink>(async () => Exists ? await _links.AddAsync(link, by) : Missing<UserLink>());

    /// <inheritdoc/>
    public Task<Answer<UserLink>> LinkByEmail(UserLink link, string email, Actor by) => AloneAsync<UserLink>(async () =>
        Find() is not { } row ? Missing<UserLink>()
        : !EmailAddress.TryNormalize(email, out var address, out _) || row.Email != address ? new(null, AccountsFault.NotProved, "email: it is not the user's.")
        : !_links.Contains(link) && _links.List().Any(one => one.Issuer == link.Issuer) ? new(null, AccountsFault.NotProved, "link: the user has another identity there.")
        : await _links.AddAsync(link, by));

    /// <inheritdoc/>
    public Task<Answer<UserLink>> Unlink(UserLink link, Actor by) => AloneAsync<UserLink>(async () =>
    {
        if (Find() is not { } row || !_links.Contains(link))
        {
            return new(null, AccountsFault.NotFound, "There is no such link.");
        }

        if (IsLastWayIn(row))
        {
            return LastWayIn<UserLink>();
        }

        // Whoever came in by it goes with it.
        _sessions!.EndOthers(by.TokenId);
        _links.Remove(link, by);
        await SettleAsync();
        return link;
    });

    /// <inheritdoc/>
    public Task<IReadOnlyList<UserLink>> ListLinks() => Task.FromResult(Exists ? _links.List() : []);

    /// <inheritdoc/>
    public Task<Answer<TwoFactorEnrolment>> BeginTwoFactor() =>
        Task.FromResult(Find() is { } row ? _factor.Begin(row) : Missing<TwoFactorEnrolment>());

    /// <inheritdoc/>
    public Task<Answer<RecoveryCodes>> ConfirmTwoFactor(string code, Actor by) =>
        Task.FromResult(Exists ? _factor.Confirm(code, () => Log("enable_two_factor", by, null, null)) : Missing<RecoveryCodes>());

    /// <inheritdoc/>
    public async Task<Answer<UserInfo>> DisableTwoFactor(string password, Actor by)
    {
        var proved = await _proof.ProveAsync(password, withFactor: false, null, PasswordQueue.SignedIn, by);
        if (proved.Value is null)
        {
            return new(null, proved.Fault, proved.Message, proved.RetryAfter);
        }

        if (!Exists || !_factor.IsEnabled)
        {
            return new(null, AccountsFault.NotFound, "The second factor is not enabled.");
        }

        Storage.TransactionSync(() =>
        {
            _factor.Remove();
            Log("disable_two_factor", by, null, null);
        });
        return Shown();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Membership>> ListMemberships() => Find() is { } row ? await _memberships.ListAsync(row.Email) : [];

    /// <inheritdoc/>
    public async Task<Membership?> FindMembership(string id) => Find() is { } row ? await _memberships.FindAsync(id, row.Email) : null;

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> AcceptMembership(string id, Actor by) =>
        AloneAsync<MemberRecord>(async () => Find() is { } row ? await _memberships.AcceptAsync(id, row.Email, by) : Missing<MemberRecord>());

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> LeaveMembership(string id, Actor by) =>
        AloneAsync<MemberRecord>(async () => Find() is { } row ? await _memberships.LeaveAsync(id, row.Email, by) : Missing<MemberRecord>());

    /// <inheritdoc/>
    public Task<Answer<MemberRecord>> JoinAsFirstMember(string accountId, Actor by) =>
        AloneAsync<MemberRecord>(async () => Find() is { } row ? await _memberships.JoinAsFirstAsync(accountId, row.Email, by) : Missing<MemberRecord>());

    /// <inheritdoc/>
    public Task ForgetMembership(string accountId) => Exists ? _memberships.ForgetIfOverAsync(accountId, _turn) : Task.CompletedTask;

    /// <summary>Goes on with what was begun by a process that died, and with what somebody else was not there for.</summary>
    public override async Task Alarm(AlarmInfo info)
    {
        if (Audit is null)
        {
            return;
        }

        // Set first: whatever becomes of this try, there is another one until nothing is left to do.
        Storage.SetAlarm(Parts.Now() + SettleAgain);
        await Task.WhenAll(_turn.TryAsync(SettleAsync), TellEmailAsync());
    }

    private protected override Answer<T> Missing<T>() => new(null, AccountsFault.NotFound, $"There is no user {HolderId}.");

    // What was claimed and is somebody else's now was never confirmed: nobody has found this user by it.
    private async Task<bool> SettleAsync()
    {
        if (!await _keys.SettleAsync(Keys()))
        {
            Remove(Actor.System);
            await _keys.SettleAsync([]);
            return false;
        }

        RestIfDone();
        return true;
    }

    private async Task TellEmailAsync()
    {
        await _memberships.TellEmailAsync(() => Find()?.Email);
        RestIfDone();
    }

    private void RestIfDone()
    {
        if (_keys.IsSettled && _memberships.IsAllTold)
        {
            Storage.DeleteAlarm();
        }
    }

    private void Remove(Actor by) => Storage.TransactionSync(() =>
    {
        var before = Json(Shown());
        _keys.Note(Keys());
        Tokens!.DeleteAll();
        _sessions!.EndOthers(null);
        _factor.Remove();
        _passkeys.DeleteAll();
        _memberships.ForgetAll();
        _links.DeleteAll();
        _table.Delete();
        Log("delete", by, before, null);
    });

    private async Task<Answer<T>> AloneAsync<T>(Func<Task<Answer<T>>> change)
        where T : class
    {
        Answer<T>? answer = null;
        return await _turn.TryAsync(async () => answer = await change()) ? answer! : Busy<T>();
    }

    private async Task<Answer<CreatedSession>> BeginSessionAsync(string action, Func<bool> mayStill, Actor by) =>
        await _sessions!.BeginAsync(action, mayStill, by) is { } session
            ? session
            : new Answer<CreatedSession>(null, AccountsFault.NotProved, "How the user signs in was changed meanwhile.");

    private UserInfo Change(UserRow row, string action, Actor by, Action? also = null)
    {
        var before = Json(Shown());
        Storage.TransactionSync(() =>
        {
            _table.Put(row with { ModifiedOn = Parts.Now() });
            also?.Invoke();
            Log(action, by, before, Json(Shown()));
        });
        return Shown();
    }

    private bool IsLastWayIn(UserRow row) => row.PasswordHash is null && _links.List().Count + _passkeys.Count() == 1;

    private static Answer<T> LastWayIn<T>()
        where T : class => new(null, AccountsFault.Invalid, "Nothing else lets the user in; set a password first, or add another passkey or link.");

    private void Log(string action, Actor by, string? before, string? after) =>
        Audit!.Add(new(Parts.NewId(), Parts.Now(), action, by, Resource, HolderId, before, after));

    private void OpenSessions() => _sessions = Audit is { } audit ? new(HolderId, Parts, audit, _services.Tokens) : null;

    private UserRow? Find() => Audit is null ? null : _table.Find();

    // By which this user is found, and nobody else.
    private IReadOnlyList<byte[]> Keys() => Find() is { } row ? [UserKey.OfEmail(row.Email), .. _links.Keys()] : [];

    private UserInfo Shown() => _table.Show(Find()!, _factor.IsEnabled);

    private static string Json(UserInfo user) => JsonSerializer.Serialize(user, AccountsJson.Default.UserInfo);

    private static Answer<T> Busy<T>()
        where T : class => new(null, AccountsFault.TryLater, "Another change is under way.", BusyTime);
}
