using System.Net;
using System.Text.Json;
using OtpNet;
using Skerry.Accounts.Roles;

namespace Skerry.Server.Tests.Management;

/// <summary>People: who is a member of what, and what his tokens may do there.</summary>
public sealed class MemberApiTests(RunningHost host) : IClassFixture<RunningHost>
{
    private const string Password = "correct horse battery staple";
    private static readonly string SuperAdministrator = RoleTable.SuperAdministrator.Id;
    private static readonly string ReadOnly = RoleTable.All.Single(static one => one.Name == "Administrator Read Only").Id;

    private string Members => $"accounts/{host.AccountId}/members";

    private string Namespaces => $"accounts/{host.AccountId}/workers/durable_objects/namespaces";

    [Fact]
    public async Task The_workflow_runs_on_when_the_one_who_set_it_up_is_gone_and_the_log_shows_both()
    {
        using var owner = Owner();
        var (userId, session) = await Person("leaver@example.com");
        using var person = session;
        await Join(owner, person, "leaver@example.com", SuperAdministrator);

        // Two tokens: the account's, for the workflow, and the person's own.
        using var workflow = new ApiUser(host, (await person.Make(person.Settings("workflow", "Workers Scripts Read"))).GetProperty("value").GetString()!);
        var mine = await person.Post("user/tokens", person.Settings("mine", "Workers Scripts Read"));
        using var own = new ApiUser(host, mine.Body.GetProperty("result").GetProperty("value").GetString()!);
        Assert.Equal(HttpStatusCode.OK, (await workflow.Get(Namespaces)).Status);
        Assert.Equal(HttpStatusCode.OK, (await own.Get(Namespaces)).Status);

        Assert.Equal(HttpStatusCode.OK, (await owner.Delete($"accounts/{host.AccountId}/skerry/users/{userId}")).Status);
        await Soon(async () => (await own.Get(Namespaces)).Status == HttpStatusCode.Unauthorized);
        await Soon(async () => (await person.Get("user")).Status == HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.OK, (await workflow.Get(Namespaces)).Status);

        // Every super administrator has it in his hands.
        var token = (await owner.Get($"{owner.Tokens}?per_page=50")).Body.GetProperty("result").EnumerateArray().Single(one => one.GetProperty("name").GetString() == "workflow");
        Assert.Equal(HttpStatusCode.OK, (await owner.Put($"{owner.Tokens}/{token.GetProperty("id").GetString()}", owner.Settings("workflow", "Workers Scripts Read"))).Status);

        var log = (await owner.Get($"accounts/{host.AccountId}/logs/audit?direction=asc&limit=1000")).Body.GetProperty("result").EnumerateArray().ToList();
        var made = log.Single(one => one.GetProperty("action").GetProperty("type").GetString() == "create"
            && one.GetProperty("resource").GetProperty("id").GetString() == token.GetProperty("id").GetString());
        Assert.Equal(userId, made.GetProperty("actor").GetProperty("id").GetString());
        Assert.Contains(log, one => one.GetProperty("resource").GetProperty("type").GetString() == "member"
            && one.ToString().Contains("leaver@example.com", StringComparison.Ordinal) && one.GetProperty("resource").GetProperty("after").ValueKind == JsonValueKind.Null);
    }

    [Fact]
    public async Task A_person_is_invited_accepts_gets_another_role_and_leaves()
    {
        using var owner = Owner();
        var (_, session) = await Person("guest@example.com");
        using var guest = session;
        Assert.Equal(HttpStatusCode.Forbidden, (await guest.Get(Namespaces)).Status);
        var invited = (await owner.Post(Members, new { email = "guest@example.com", roles = new[] { ReadOnly } })).Body.GetProperty("result");
        Assert.Equal("pending", invited.GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, (await guest.Get(Namespaces)).Status);

        var membership = Assert.Single((await guest.Get("memberships?status=pending")).Body.GetProperty("result").EnumerateArray());
        Assert.Equal("accepted", (await guest.Put($"memberships/{membership.GetProperty("id").GetString()}", new { status = "accepted" })).Body.GetProperty("result").GetProperty("status").GetString());
        await Soon(async () => (await guest.Get(Namespaces)).Status == HttpStatusCode.OK);
        Assert.Equal(host.AccountId, Assert.Single((await guest.Get("accounts")).Body.GetProperty("result").EnumerateArray()).GetProperty("id").GetString());

        // A read-only member gives nobody anything, himself least of all.
        var id = invited.GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.Forbidden, (await guest.Put($"{Members}/{id}", new { roles = new[] { SuperAdministrator } })).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await guest.Post(guest.Tokens, guest.Settings("no", "Queues Read"))).Status);

        // His own token may say more than he may; it is he who bounds it.
        var token = (await guest.Post("user/tokens", guest.Settings("more than me", "Workers Scripts Write", "Account API Tokens Write"))).Body.GetProperty("result");
        using var more = new ApiUser(host, token.GetProperty("value").GetString()!);
        Assert.Equal(HttpStatusCode.OK, (await more.Get(Namespaces)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await more.Post(guest.Tokens, guest.Settings("no", "Queues Read"))).Status);

        var changed = await owner.Put($"{Members}/{id}", new { roles = new[] { new { id = RoleTable.All.Single(static one => one.Name == "Audit Logs Viewer").Id } } });
        Assert.Equal("Audit Logs Viewer", changed.Body.GetProperty("result").GetProperty("roles")[0].GetProperty("name").GetString());
        await Soon(async () => (await guest.Get(Namespaces)).Status == HttpStatusCode.Forbidden);
        Assert.Equal(HttpStatusCode.OK, (await guest.Get($"accounts/{host.AccountId}/logs/audit")).Status);

        Assert.Equal(HttpStatusCode.OK, (await guest.Delete($"memberships/{membership.GetProperty("id").GetString()}")).Status);
        Assert.Empty((await guest.Get("memberships")).Body.GetProperty("result").EnumerateArray());
        Assert.DoesNotContain("guest@example.com", (await owner.Get(Members)).Body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_manage_members_makes_and_removes_nobody_stronger_than_himself()
    {
        using var owner = Owner();
        using var manager = new ApiUser(host, (await owner.Make(owner.Settings("manager", "Account Settings Write"))).GetProperty("value").GetString()!);
        var first = (await owner.Get(Members)).Body.GetProperty("result")[0].GetProperty("id").GetString();
        foreach (var answer in new[]
        {
            await manager.Post(Members, new { email = "friend@example.com", roles = new[] { SuperAdministrator } }),
            await manager.Put($"{Members}/{first}", new { roles = new[] { ReadOnly } }),
            await manager.Delete($"{Members}/{first}"),
        })
        {
            Assert.Equal((HttpStatusCode.Forbidden, "1008"), (answer.Status, answer.ErrorCode));
        }
    }

    [Fact]
    public async Task Who_may_manage_members_gets_no_power_over_users()
    {
        using var owner = Owner();
        var invited = await owner.Post(Members, new { email = "expected@example.com", roles = new[] { SuperAdministrator } });
        Assert.Equal(HttpStatusCode.OK, invited.Status);
        var user = (await owner.Get("user")).Body.GetProperty("result").GetProperty("id").GetString();
        using var manager = new ApiUser(host, (await owner.Make(owner.Settings("manager of members", "Account Settings Write"))).GetProperty("value").GetString()!);
        var users = $"accounts/{host.AccountId}/skerry/users";
        foreach (var answer in new[]
        {
            await manager.Post(users, new { email = "expected@example.com", password = Password }),
            await manager.Get($"{users}?email=owner@localhost"),
            await JsonAnswer.Of(manager.Send(HttpMethod.Patch, $"{users}/{user}", Json(new { email = "other@example.com" }))),
            await manager.Delete($"{users}/{user}"),
        })
        {
            Assert.Equal((HttpStatusCode.Forbidden, "1008"), (answer.Status, answer.ErrorCode));
        }

        // Nor does anybody give himself an address, and with it the invitations to it.
        var (id, session) = await Person("mallory@example.com");
        using var mallory = session;
        Assert.Equal(HttpStatusCode.NotFound, (await mallory.Put("user/skerry/email", new { email = "expected@example.com" })).Status);
        Assert.Empty((await mallory.Get("memberships")).Body.GetProperty("result").EnumerateArray());

        // Operators give addresses, and their account's log has it.
        var given = await JsonAnswer.Of(owner.Send(HttpMethod.Patch, $"{users}/{id}", Json(new { email = "expected@example.com" })));
        Assert.Equal("expected@example.com", given.Body.GetProperty("result").GetProperty("email").GetString());
        Assert.Single((await mallory.Get("memberships")).Body.GetProperty("result").EnumerateArray());
        var log = (await owner.Get($"accounts/{host.AccountId}/logs/audit?resource_type=user&resource_id={id}")).Body.GetProperty("result");
        Assert.Equal("attempt_change_email", log[0].GetProperty("action").GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_narrow_token_of_a_user_does_not_become_the_user()
    {
        var (id, session) = await Person("narrow@example.com");
        using var whole = session;
        var made = await whole.Post("user/tokens", new
        {
            name = "narrow",
            policies = new[] { ApiUser.Policy("allow", $"com.cloudflare.api.user.{id}", "User Details Write", "API Tokens Write") },
        });
        using var narrow = new ApiUser(host, made.Body.GetProperty("result").GetProperty("value").GetString()!);
        Assert.Equal(HttpStatusCode.OK, (await narrow.Get("user")).Status);
        foreach (var answer in new[]
        {
            await narrow.Put("user/skerry/password", new { current_password = Password, password = "another long password" }),
            await narrow.Post("user/skerry/two_factor", new { }),
            await narrow.Post("user/skerry/passkeys/begin", new { }),
            await narrow.Post("user/skerry/links", new { }),
            await narrow.Delete($"user/skerry/sessions/{new string('0', 32)}"),
            await narrow.Delete("user/skerry"),
            await narrow.Post("user/tokens", whole.Settings("stronger", "Queues Read")),
        })
        {
            Assert.Equal((HttpStatusCode.Forbidden, "1008"), (answer.Status, answer.ErrorCode));
        }

        Assert.Equal(HttpStatusCode.OK, (await whole.Post("user/skerry/two_factor", new { })).Status);
    }

    [Fact]
    public async Task Ids_that_are_none_are_refused_before_anything_is_looked_up()
    {
        using var owner = Owner();
        var id = new string('x', 3000);
        Assert.Equal(HttpStatusCode.Forbidden, (await owner.Get($"accounts/{id}/tokens")).Status);
        foreach (var path in new[] { $"{owner.Tokens}/{id}", $"{Members}/{id}", $"memberships/{id}" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await owner.Get(path)).Status);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await owner.Delete($"accounts/{host.AccountId}/skerry/users/{id}")).Status);
    }

    [Fact]
    public async Task What_is_left_out_of_a_profile_stays()
    {
        var (_, session) = await Person("named@example.com");
        using var person = session;
        await JsonAnswer.Of(person.Send(HttpMethod.Patch, "user", Json(new { first_name = "Ada", last_name = "Lovelace" })));
        var changed = (await JsonAnswer.Of(person.Send(HttpMethod.Patch, "user", Json(new { last_name = "King" })))).Body.GetProperty("result");
        Assert.Equal(("Ada", "King"), (changed.GetProperty("first_name").GetString(), changed.GetProperty("last_name").GetString()));
    }

    [Fact]
    public async Task The_last_super_administrator_stays_by_every_route()
    {
        using var owner = Owner();
        var created = await owner.Post("accounts", new { name = "alone in it" });
        var account = created.Body.GetProperty("result").GetProperty("id").GetString();
        var own = Assert.Single((await owner.Get($"accounts/{account}/members")).Body.GetProperty("result").EnumerateArray()).GetProperty("id").GetString();
        var user = (await owner.Get("user")).Body.GetProperty("result").GetProperty("id").GetString();
        foreach (var answer in new[]
        {
            await owner.Delete($"accounts/{account}/members/{own}"),
            await owner.Put($"accounts/{account}/members/{own}", new { roles = new[] { ReadOnly } }),
            await owner.Delete($"memberships/{own}"),
            await owner.Put($"memberships/{own}", new { status = "rejected" }),
            await owner.Delete("user/skerry"),
            await owner.Delete($"accounts/{host.AccountId}/skerry/users/{user}"),
        })
        {
            Assert.Equal((HttpStatusCode.Conflict, "1013"), (answer.Status, answer.ErrorCode));
        }
    }

    [Fact]
    public async Task What_is_the_clusters_is_no_other_accounts()
    {
        using var owner = Owner();
        var other = (await owner.Post("accounts", new { name = "another" })).Body.GetProperty("result").GetProperty("id").GetString();
        Assert.Empty((await owner.Get($"accounts/{other}/workers/durable_objects/namespaces")).Body.GetProperty("result").EnumerateArray());
        Assert.Equal(HttpStatusCode.NotFound, (await owner.Get($"accounts/{other}/workers/durable_objects/namespaces/{Node.NamespaceId.Of("flight")}/objects")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await owner.Get($"accounts/{other}/skerry/nodes")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await owner.Post($"accounts/{other}/skerry/users", new { email = "x@example.com" })).Status);

        // A token of the one account is none of the other.
        using var token = new ApiUser(host, (await owner.Make(owner.Settings("first", "Workers Scripts Read"))).GetProperty("value").GetString()!);
        Assert.Equal(HttpStatusCode.Forbidden, (await token.Get($"accounts/{other}/workers/durable_objects/namespaces")).Status);

        // Who is no operator makes no accounts and no users.
        var (_, session) = await Person("plain@example.com");
        using var plain = session;
        Assert.Equal(HttpStatusCode.Forbidden, (await plain.Post("accounts", new { name = "mine" })).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await token.Post("accounts", new { name = "mine" })).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await plain.Post($"accounts/{host.AccountId}/skerry/users", new { email = "y@example.com" })).Status);
    }

    [Fact]
    public async Task A_user_signs_in_sees_and_ends_sessions_and_changes_the_password()
    {
        var (_, first) = await Person("sessions@example.com");
        using var one = first;
        using var two = await SignIn("sessions@example.com", Password);
        var sessions = (await one.Get("user/skerry/sessions")).Body.GetProperty("result").EnumerateArray().ToList();
        Assert.Equal(2, sessions.Count);
        var other = sessions.Single(static one => !one.GetProperty("is_current").GetBoolean()).GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.OK, (await one.Delete($"user/skerry/sessions/{other}")).Status);
        await Soon(async () => (await two.Get("user")).Status == HttpStatusCode.Unauthorized);

        const string Next = "another horse battery staple";
        Assert.Equal(HttpStatusCode.Forbidden, (await one.Put("user/skerry/password", new { current_password = "wrong wrong wrong", password = Next })).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await one.Put("user/skerry/password", new { current_password = Password, password = "short" })).Status);
        Assert.Equal(HttpStatusCode.OK, (await one.Put("user/skerry/password", new { current_password = Password, password = Next })).Status);
        Assert.Equal(HttpStatusCode.OK, (await one.Get("user")).Status);
        using var three = await SignIn("sessions@example.com", Next);

        Assert.Equal("Ada", (await JsonAnswer.Of(one.Send(HttpMethod.Patch, "user", new StringContent("""{"first_name":"Ada"}""", null, "application/json")))).Body.GetProperty("result").GetProperty("first_name").GetString());
        var log = (await one.Get("user/skerry/logs/audit")).Body.GetProperty("result").EnumerateArray().Select(static one => one.GetProperty("action").GetProperty("type").GetString()).ToList();
        Assert.Contains("sign_out", log);
        Assert.Contains("update", log);
    }

    [Fact]
    public async Task A_second_factor_is_enrolled_asked_for_and_disabled()
    {
        var (_, session) = await Person("factor@example.com");
        using var person = session;
        var begun = (await person.Post("user/skerry/two_factor", new { })).Body.GetProperty("result");
        Assert.StartsWith("otpauth://totp/", begun.GetProperty("uri").GetString(), StringComparison.Ordinal);
        var app = new Totp(Base32Encoding.ToBytes(begun.GetProperty("secret").GetString()));
        Assert.NotEqual(HttpStatusCode.OK, (await person.Put("user/skerry/two_factor", new { code = "000" })).Status);
        var confirmed = await person.Put("user/skerry/two_factor", new { code = app.ComputeTotp() });
        Assert.True(confirmed.Status == HttpStatusCode.OK, confirmed.Body.ToString());
        var recovery = confirmed.Body.GetProperty("result").GetProperty("recovery_codes").EnumerateArray().Select(static one => one.GetString()).ToList();
        Assert.Equal(10, recovery.Distinct().Count());

        var without = await TrySignIn("factor@example.com", Password);
        Assert.Equal((HttpStatusCode.Unauthorized, "1015"), (without.Status, without.ErrorCode));
        var with = new { email = "factor@example.com", password = Password, code = recovery[0] };
        Assert.Equal(HttpStatusCode.OK, (await JsonAnswer.Of(host.Anonymous.PostAsync("/client/v4/skerry/sign-in", Json(with)))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await JsonAnswer.Of(host.Anonymous.PostAsync("/client/v4/skerry/sign-in", Json(with)))).Status);

        var disabled = await JsonAnswer.Of(person.Send(HttpMethod.Delete, "user/skerry/two_factor", Json(new { current_password = Password })));
        Assert.False(disabled.Body.GetProperty("result").GetProperty("two_factor_authentication_enabled").GetBoolean());
        (await SignIn("factor@example.com", Password)).Dispose();
    }

    [Fact]
    public async Task Nobody_learns_from_signing_in_whose_address_is_known()
    {
        var (_, session) = await Person("known@example.com");
        session.Dispose();
        var wrong = await TrySignIn("known@example.com", "not the password at all");
        var unknown = await TrySignIn("unknown@example.com", "not the password at all");
        Assert.Equal((HttpStatusCode.Unauthorized, "1014"), (wrong.Status, wrong.ErrorCode));
        Assert.Equal(wrong.Status, unknown.Status);
        Assert.Equal(wrong.Body.ToString(), unknown.Body.ToString());
    }

    [Fact]
    public async Task Guesses_are_slowed_down_and_say_when_to_try_again()
    {
        var (_, session) = await Person("guessed@example.com");
        session.Dispose();
        for (var i = 0; i < 20; i++)
        {
            using var response = await host.Anonymous.PostAsync("/client/v4/skerry/sign-in", Json(new { email = "guessed@example.com", password = $"guess number {i}" }));
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.Zero);
                return;
            }

            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        Assert.Fail("Twenty guesses in a row were not slowed down.");
    }

    private ApiUser Owner() => new(host, host.Credentials.ApiToken!);

    private async Task<(string Id, ApiUser Session)> Person(string email)
    {
        using var owner = Owner();
        var made = await owner.Post($"accounts/{host.AccountId}/skerry/users", new { email, password = Password });
        Assert.True(made.Status == HttpStatusCode.OK, made.Body.ToString());
        return (made.Body.GetProperty("result").GetProperty("id").GetString()!, await SignIn(email, Password));
    }

    private async Task<ApiUser> SignIn(string email, string password)
    {
        var answer = await TrySignIn(email, password);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body.ToString());
        return new(host, answer.Body.GetProperty("result").GetProperty("token").GetString()!);
    }

    private Task<JsonAnswer> TrySignIn(string email, string password) =>
        JsonAnswer.Of(host.Anonymous.PostAsync("/client/v4/skerry/sign-in", Json(new { email, password })));

    private async Task Join(ApiUser owner, ApiUser person, string email, string role)
    {
        var invited = await owner.Post(Members, new { email, roles = new[] { role } });
        Assert.True(invited.Status == HttpStatusCode.OK, invited.Body.ToString());
        Assert.Equal(HttpStatusCode.OK, (await person.Put($"memberships/{invited.Body.GetProperty("result").GetProperty("id").GetString()}", new { status = "accepted" })).Status);
        await Soon(async () => (await person.Get(Namespaces)).Status == HttpStatusCode.OK);
    }

    private static StringContent Json(object body) => new(JsonSerializer.Serialize(body), null, "application/json");

    // A node believes what it knows for at most a second; the limit here is only for a machine that stands still.
    private static async Task Soon(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await holds())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
