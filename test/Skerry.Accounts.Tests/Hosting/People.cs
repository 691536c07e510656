using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Users;
using Skerry.Accounts.Users.Sessions;

namespace Skerry.Accounts.Tests.Hosting;

/// <summary>Users and members, made as a server makes them.</summary>
internal static class People
{
    public const string Password = "a horse in the rain";

    public static readonly Actor Admin = From("192.0.2.200");

    public static Actor From(string address) => new(ActorKind.User, Address: address, UserAgent: "tests");

    public static string NewEmail() => $"user-{Guid.NewGuid():n}@example.com";

    public static MemberSettings Only(Role role) => new([role.Id]);

    public static Role Role(string name) => RoleTable.All.Single(one => one.Name == name);

    /// <summary>Somebody who can sign in.</summary>
    public static async Task<(UserInfo Info, IUser User)> NewUserAsync(this AccountsNode node, string? email = null)
    {
        var info = (await node.Registry.RegisterAsync(new(email ?? NewEmail(), Password), Actor.System)).Value!;
        return (info, node.Users.GetByName(info.Id));
    }

    /// <summary>An account with a super administrator.</summary>
    public static async Task<(string Id, IAccount Account, UserInfo Owner, IUser User)> NewOwnedAccountAsync(this AccountsNode node)
    {
        var (id, account) = await node.NewAccountAsync();
        var (info, user) = await node.NewUserAsync();
        Assert.Equal(AccountsFault.None, (await user.JoinAsFirstMember(id, Actor.System)).Fault);
        return (id, account, info, user);
    }

    /// <summary>Another member, who has accepted.</summary>
    public static async Task<(MemberRecord Member, UserInfo Info, IUser User)> NewMemberAsync(this AccountsNode node, IAccount account, MemberSettings settings)
    {
        var (info, user) = await node.NewUserAsync();
        var invited = (await account.InviteMember(info.Email, settings, Admin)).Value!;
        return ((await user.AcceptMembership(invited.Id, Admin)).Value!, info, user);
    }

    public static async Task<CreatedSession> SignInAsync(this IUser user, string address = "192.0.2.1") => (await user.SignIn(Password, null, From(address))).Value!;

    /// <summary>What nobody waits for happens soon; the test's own time limit ends the waiting.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> condition, CancellationToken cancel)
    {
        while (!await condition())
        {
            cancel.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
