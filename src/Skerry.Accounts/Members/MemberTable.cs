using System.Text.Json;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Roles;

namespace Skerry.Accounts.Members;

/// <summary>
/// The members of an account, a table of its own database: the truth about who has rights there. As soon as there is a super
/// administrator, there always is one: every change that would leave none is refused here.
/// </summary>
/// <param name="accountId">The account.</param>
/// <param name="parts">The account's object.</param>
/// <param name="audit">Its audit log.</param>
internal sealed class MemberTable(string accountId, ObjectParts parts, AuditLog audit)
{
    private const string Columns = "id, user_id, email, status, settings, version, created_on, modified_on";
    private const string Resource = "member";

    public static void Create(Skerry.Objects.SqlStorage sql) => sql.Exec(
        """
        CREATE TABLE members (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, user_id TEXT UNIQUE, email TEXT NOT NULL, status INTEGER NOT NULL,
            settings TEXT NOT NULL, is_super INTEGER NOT NULL, version INTEGER NOT NULL, created_on INTEGER NOT NULL, modified_on INTEGER NOT NULL);
        CREATE INDEX members_email ON members (email);
        CREATE INDEX members_super ON members (is_super) WHERE is_super = 1
        """);

    /// <summary>Why an invitation cannot be made; null if it can.</summary>
    public Answer<MemberRecord>? RefusalToInvite(string email, MemberSettings settings)
    {
        if (Refusal(settings) is { } refusal)
        {
            return refusal;
        }

        return FindByEmail(email) is { } there
                ? new(null, AccountsFault.Taken, $"{email} is {(there.Status == MemberStatus.Pending ? "invited" : "a member")} already; change that member's roles instead.")
            : Count() >= IAccount.MembersMax ? new(null, AccountsFault.TooMany, $"There are {IAccount.MembersMax} members already; remove some first.")
            : null;
    }

    /// <summary>Adds an invitation for which there is no <see cref="RefusalToInvite"/>.</summary>
    public MemberRecord Invite(string id, string email, MemberSettings settings, Actor by) =>
        Add(new(id, null, email, MemberStatus.Pending, settings, 1, parts.Now(), parts.Now()), "invite", by);

    /// <summary>Makes a user the first member.</summary>
    public Answer<MemberRecord> AddFirst(string userId, string email, Actor by)
    {
        if (FindByUser(userId) is { } same)
        {
            return same;
        }

        return parts.Sql.Exec<long>("SELECT count(*) FROM members WHERE status = ?", MemberStatus.Accepted).One() > 0
            ? new Answer<MemberRecord>(null, AccountsFault.Taken, $"The account {accountId} has members already; one of them can invite others.")
            : Add(new(parts.NewId(), userId, email, MemberStatus.Accepted, new([RoleTable.SuperAdministrator.Id]), 1, parts.Now(), parts.Now()), "add", by);
    }

    /// <summary>Gives an invitation to the user who has its e-mail address.</summary>
    public Answer<MemberRecord> Accept(string id, string userId, string email, Actor by)
    {
        if (Find(id) is not { } member || (member.Status == MemberStatus.Accepted ? member.UserId != userId : member.Email != email))
        {
            return NoMember(id);
        }

        if (member.Status == MemberStatus.Accepted)
        {
            return member;
        }

        return FindByUser(userId) is null
            ? Change(member, member with { UserId = userId, Status = MemberStatus.Accepted }, "accept", by)
            : new Answer<MemberRecord>(null, AccountsFault.Taken, $"You are a member of the account {accountId} already; decline the invitation.");
    }

    public Answer<MemberRecord> Update(string id, MemberSettings settings, long? version, Actor by)
    {
        if (Refusal(settings) is { } refusal)
        {
            return refusal;
        }

        if (Find(id) is not { } member || IsOther(member, version))
        {
            return Missed(id);
        }

        var changed = member with { Settings = settings };
        return member.IsSuperAdministrator && !changed.IsSuperAdministrator && IsLast(member)
            ? LastSuperAdministrator(member)
            : Change(member, changed, "update", by);
    }

    public Answer<MemberRecord> Remove(string id, long? version, Actor by) =>
        Find(id) is { } member && !IsOther(member, version) ? Delete(member, "remove", by) : Missed(id);

    /// <summary>Takes back an invitation to an e-mail address.</summary>
    public Answer<MemberRecord> Decline(string id, string email, Actor by) =>
        Find(id) is { Status: MemberStatus.Pending } member && member.Email == email ? Delete(member, "decline", by) : NoMember(id);

    public Answer<MemberRecord> Leave(string userId, Actor by) => FindByUser(userId) is { } member ? Delete(member, "leave", by) : NoMember(userId);

    /// <summary>Whether a user could leave.</summary>
    public Answer<MemberRecord> MayLeave(string userId) =>
        FindByUser(userId) is not { } member ? NoMember(userId) : IsLast(member) ? LastSuperAdministrator(member) : member;

    /// <summary>Keeps the e-mail address by which people know a member.</summary>
    public Answer<MemberRecord> ChangeEmail(string userId, string email, Actor by) =>
        FindByUser(userId) is not { } member ? NoMember(userId)
        : member.Email == email ? member
        : Change(member, member with { Email = email }, "change_email", by);

    public MemberRecord? Find(string id) => Row.Read(parts.Sql.Exec<Row>($"SELECT {Columns} FROM members WHERE id = ?", id).OneOrDefault());

    public MemberRecord? FindByUser(string userId) => Row.Read(parts.Sql.Exec<Row>($"SELECT {Columns} FROM members WHERE user_id = ?", userId).OneOrDefault());

    public MemberPage List(int skip, int take)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(take);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(take, ITokenHolder.ListMax);
        var rows = parts.Sql.Exec<Row>($"SELECT {Columns} FROM members ORDER BY seq LIMIT ? OFFSET ?", take, skip).ToList();
        return new([.. rows.Select(static row => Row.Read(row)!)], Count());
    }

    private MemberRecord? FindByEmail(string email) =>
        Row.Read(parts.Sql.Exec<Row>($"SELECT {Columns} FROM members WHERE email = ? LIMIT 1", email).FirstOrDefault());

    private long Count() => parts.Sql.Exec<long>("SELECT count(*) FROM members").One();

    private bool IsLast(MemberRecord member) =>
        member.IsSuperAdministrator && parts.Sql.Exec<long>("SELECT count(*) FROM members WHERE is_super = 1").One() == 1;

    private MemberRecord Add(MemberRecord member, string action, Actor by)
    {
        parts.Storage.TransactionSync(() =>
        {
            parts.Sql.Exec(
                $"INSERT INTO members ({Columns}, is_super) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                member.Id, member.UserId, member.Email, member.Status, Json(member.Settings), member.Version, member.CreatedOn, member.ModifiedOn, member.IsSuperAdministrator);
            audit.Add(new(parts.NewId(), member.CreatedOn, action, by, Resource, member.Id, null, Shown(member)));
        });
        return member;
    }

    private MemberRecord Change(MemberRecord before, MemberRecord after, string action, Actor by)
    {
        after = after with { Version = before.Version + 1, ModifiedOn = parts.Now() };
        parts.Storage.TransactionSync(() =>
        {
            parts.Sql.Exec(
                "UPDATE members SET user_id = ?, email = ?, status = ?, settings = ?, is_super = ?, version = ?, modified_on = ? WHERE id = ?",
                after.UserId, after.Email, after.Status, Json(after.Settings), after.IsSuperAdministrator, after.Version, after.ModifiedOn, after.Id);
            audit.Add(new(parts.NewId(), after.ModifiedOn, action, by, Resource, after.Id, Shown(before), Shown(after)));
        });
        return after;
    }

    private Answer<MemberRecord>? Refusal(MemberSettings settings)
    {
        if (!MemberRights.TryCompile(accountId, settings, out _, out var errors))
        {
            return new(null, AccountsFault.Invalid, string.Join(' ', errors));
        }

        return Json(settings).Length > MemberSettings.JsonCharsMax
            ? new(null, AccountsFault.Invalid, $"policies: together they take more than {MemberSettings.JsonCharsMax} characters; accepted: fewer of them, or fewer resources.")
            : null;
    }

    private Answer<MemberRecord> Delete(MemberRecord member, string action, Actor by)
    {
        if (IsLast(member))
        {
            return LastSuperAdministrator(member);
        }

        parts.Storage.TransactionSync(() =>
        {
            parts.Sql.Exec("DELETE FROM members WHERE id = ?", member.Id);
            audit.Add(new(parts.NewId(), parts.Now(), action, by, Resource, member.Id, Shown(member), null));
        });
        return member;
    }

    private Answer<MemberRecord> NoMember(string id) => new(null, AccountsFault.NotFound, $"There is no member {id} in the account {accountId}.");

    private Answer<MemberRecord> Missed(string id) => Find(id) is null
        ? NoMember(id)
        : new(null, AccountsFault.Changed, $"The member {id} was changed meanwhile; look again, and then decide again.");

    private Answer<MemberRecord> LastSuperAdministrator(MemberRecord member) => new(
        null,
        AccountsFault.LastSuperAdministrator,
        $"{member.Email} is the last super administrator of the account {accountId}, who can neither go nor be made weaker; make somebody else one first.");

    private static bool IsOther(MemberRecord member, long? version) => version is { } wanted && wanted != member.Version;

    private static string Json(MemberSettings settings) => JsonSerializer.Serialize(settings, AccountsJson.Default.MemberSettings);

    private static string Shown(MemberRecord member) => JsonSerializer.Serialize(member, AccountsJson.Default.MemberRecord);

    private sealed record Row(
        string Id, string? UserId, string Email, MemberStatus Status, string Settings, long Version, DateTimeOffset CreatedOn, DateTimeOffset ModifiedOn)
    {
        public static MemberRecord? Read(Row? row) => row is null ? null : new(
            row.Id,
            row.UserId,
            row.Email,
            row.Status,
            JsonSerializer.Deserialize(row.Settings, AccountsJson.Default.MemberSettings)!,
            row.Version,
            row.CreatedOn,
            row.ModifiedOn);
    }
}
