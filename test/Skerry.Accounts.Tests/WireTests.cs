using System.Text.Json;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Roles;
using Skerry.Accounts.Tests.Hosting;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Accounts.Users.Passkeys;
using Skerry.Accounts.Users.Sessions;
using Skerry.Accounts.Users.TwoFactor;

namespace Skerry.Accounts.Tests;

/// <summary>What these objects take and answer, on its way between nodes. Inside one, most of it is passed as it is.</summary>
public sealed class WireTests(AccountsNode node) : IClassFixture<AccountsNode>
{
    private static readonly DateTimeOffset At = new(2030, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
    private static readonly string Id = new('a', 32);

    private static readonly MemberRecord Member = new(
        Id,
        Id,
        "ada@example.com",
        MemberStatus.Accepted,
        new([RoleTable.SuperAdministrator.Id], [new("p", PolicyEffect.Deny, [Id], new Dictionary<string, string> { [$"com.cloudflare.api.account.{Id}"] = "*" })]),
        3,
        At,
        At);

    private static readonly SessionRecord Session = new(Id, At, At, "192.0.2.1", null, At);

    public static TheoryData<object> Values =>
    [
        new Answer<MemberRecord>(Member),
        new Answer<UserInfo>(null, AccountsFault.TryLater, "later", TimeSpan.FromSeconds(3)),
        new Answer<UserInfo>(new(Id, "ada@example.com", null, "Lovelace", true, false, At, At)),
        new Answer<CreatedSession>(new(Id, Session, "sku_value")),
        new Answer<TwoFactorEnrolment>(new("secret", "otpauth://")),
        new Answer<RecoveryCodes>(new(["a", "b"])),
        new Answer<PasskeyRequest>(new("{}")),
        new Answer<PasskeyRecord>(new(Id, "laptop", At, null)),
        new Answer<UserLink>(new("https://id.example.com", "ada")),
        new Answer<TokenRecord>(new(Id, new("name", Member.Settings.Policies!, ExpiresOn: At), 1, At, At, null, IsSession: true)),
        new MemberPage([Member], 7),
        Member.Settings,
        new NewUser("ada@example.com", "password", null, null, new("https://id.example.com", "ada")),
        new Invitation(Id, Id, At),
        new PasskeyRequest("{}"),
        new Actor(ActorKind.User, Id, Address: "192.0.2.1"),
        new Membership(new(Id, "account", At), Member),
        new List<Membership> { new(new(Id, "account", At), Member) },
        new List<SessionRecord> { Session },
        new List<UserLink> { new("https://id.example.com", "ada") },
        new List<PasskeyRecord> { new(Id, "laptop", At, At) },
        new List<Invitation> { new(Id, Id, At) },
        TimeSpan.FromMinutes(15),
    ];

    [Theory]
    [MemberData(nameof(Values), DisableDiscoveryEnumeration = true)]
    public void What_arrives_is_what_was_sent(object value)
    {
        // As calls travel: a list of arguments of any type.
        var arrived = node.Wire.Deserialize<object?[]>(node.Wire.SerializeToArray<object?[]>([value]))!;
        Assert.Equal(value.GetType(), Assert.Single(arrived)!.GetType());
        Assert.Equal(JsonSerializer.Serialize(value), JsonSerializer.Serialize(arrived[0]));
    }
}
