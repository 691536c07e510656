using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using Skerry.Accounts.Permissions;

namespace Skerry.Server.Tests.Management;

public sealed class TokenApiTests(RunningHost host) : IClassFixture<RunningHost>
{
    private const string TokensRead = "Account API Tokens Read";
    private const string TokensWrite = "Account API Tokens Write";
    private const string MoreTokens = "Create Additional Tokens";
    private const string ScriptsRead = "Workers Scripts Read";
    private const string ScriptsWrite = "Workers Scripts Write";

    private string Namespaces => $"accounts/{host.AccountId}/workers/durable_objects/namespaces";

    [Fact]
    public async Task A_token_is_made_used_shown_changed_rolled_and_deleted()
    {
        using var owner = Owner();
        var made = await owner.Make(owner.Settings("life", ScriptsRead));
        var id = made.GetProperty("id").GetString();
        using var token = new ApiUser(host, made.GetProperty("value").GetString()!);
        Assert.StartsWith("ska_", token.Value, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await token.Get(Namespaces)).Status);

        // The value is shown this once.
        var shown = await owner.Get($"{owner.Tokens}/{id}");
        Assert.False(shown.Body.GetProperty("result").TryGetProperty("value", out _));
        Assert.Equal("Workers Scripts Read", shown.Body.GetProperty("result").GetProperty("policies")[0].GetProperty("permission_groups")[0].GetProperty("name").GetString());
        Assert.Equal(id, (await token.Get($"{owner.Tokens}/verify")).Body.GetProperty("result").GetProperty("id").GetString());

        var changed = await owner.Put($"{owner.Tokens}/{id}", owner.Settings("renamed", "Queues Read"));
        Assert.Equal("renamed", changed.Body.GetProperty("result").GetProperty("name").GetString());
        await Within_a_second(async () => (await token.Get(Namespaces)).Status == HttpStatusCode.Forbidden);

        var rolled = await owner.Put($"{owner.Tokens}/{id}/value", new { });
        using var again = new ApiUser(host, rolled.Body.GetProperty("result").GetString()!);
        Assert.Equal(id, (await again.Get($"{owner.Tokens}/verify")).Body.GetProperty("result").GetProperty("id").GetString());
        await Within_a_second(async () => (await token.Get(Namespaces)).Status == HttpStatusCode.Unauthorized);

        Assert.Equal(id, (await owner.Delete($"{owner.Tokens}/{id}")).Body.GetProperty("result").GetProperty("id").GetString());
        await Within_a_second(async () => (await again.Get($"{owner.Tokens}/verify")) is { Status: HttpStatusCode.Unauthorized, ErrorCode: "1000" });
        Assert.Equal((HttpStatusCode.NotFound, "7003"), Told(await owner.Get($"{owner.Tokens}/{id}")));
    }

    [Fact]
    public async Task Tokens_are_listed_in_pages_the_newest_first()
    {
        using var owner = Owner();
        for (var i = 0; i < 7; i++)
        {
            await owner.Make(owner.Settings($"page {i}", ScriptsRead));
        }

        var first = (await owner.Get($"{owner.Tokens}?per_page=5")).Body;
        var second = (await owner.Get($"{owner.Tokens}?per_page=5&page=2")).Body;
        Assert.Equal(["page 6", "page 5", "page 4", "page 3", "page 2"], Names(first));
        Assert.Equal(["page 1", "page 0"], Names(second).Take(2));
        var info = second.GetProperty("result_info");
        Assert.Equal((2, 5), (info.GetProperty("page").GetInt32(), info.GetProperty("per_page").GetInt32()));
        Assert.Equal((info.GetProperty("total_count").GetInt32() + 4) / 5, info.GetProperty("total_pages").GetInt32());
        Assert.Equal((HttpStatusCode.BadRequest, "10021"), Told(await owner.Get($"{owner.Tokens}?per_page=500")));

        static IEnumerable<string> Names(JsonElement body) => body.GetProperty("result").EnumerateArray().Select(one => one.GetProperty("name").GetString()!);
    }

    [Fact]
    public async Task A_token_that_manages_tokens_gives_no_more_than_it_holds_by_any_route()
    {
        using var owner = Owner();
        var weak = await owner.Make(owner.Settings("weak", MoreTokens, TokensWrite, ScriptsRead));
        var strong = await owner.Make(owner.Settings("strong", ScriptsWrite));
        var strongId = strong.GetProperty("id").GetString();
        using var maker = new ApiUser(host, weak.GetProperty("value").GetString()!);

        // What it holds it can give, with its own strength or less.
        var child = await maker.Make(maker.Settings("child", ScriptsRead));
        var childId = child.GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.OK, (await maker.Put($"{owner.Tokens}/{childId}/value", new { })).Status);

        // Make, strengthen another, strengthen itself, learn the value of a stronger one, take its place.
        var self = weak.GetProperty("id").GetString();
        Assert.Equal(Escalation, Told(await maker.Post(owner.Tokens, maker.Settings("more", ScriptsWrite))));
        Assert.Equal(Escalation, Told(await maker.Put($"{owner.Tokens}/{childId}", maker.Settings("child", ScriptsWrite))));
        Assert.Equal(Escalation, Told(await maker.Put($"{owner.Tokens}/{self}", maker.Settings("weak", MoreTokens, ScriptsWrite))));
        Assert.Equal(Escalation, Told(await maker.Put($"{owner.Tokens}/{strongId}/value", new { })));
        Assert.Equal(Escalation, Told(await maker.Put($"{owner.Tokens}/{strongId}", maker.Settings("mine now", ScriptsRead))));
        Assert.Equal(Escalation, Told(await maker.Delete($"{owner.Tokens}/{strongId}")));

        // Nothing of that has left a trace.
        Assert.Equal("strong", (await owner.Get($"{owner.Tokens}/{strongId}")).Body.GetProperty("result").GetProperty("name").GetString());
        using var still = new ApiUser(host, strong.GetProperty("value").GetString()!);
        Assert.Equal(HttpStatusCode.OK, (await still.Get(Namespaces)).Status);
    }

    [Fact]
    public async Task Conditions_are_given_on_as_well()
    {
        using var owner = Owner();
        var settings = owner.Settings("from here", MoreTokens, ScriptsRead);
        settings["condition"] = new { request_ip = new { @in = new[] { "127.0.0.0/8" } } };
        settings["expires_on"] = "2099-01-01T00:00:00Z";
        using var maker = new ApiUser(host, (await owner.Make(settings)).GetProperty("value").GetString()!);
        Assert.Equal(Escalation, Told(await maker.Post(owner.Tokens, maker.Settings("from everywhere, for ever", ScriptsRead))));

        var child = maker.Settings("child", ScriptsRead);
        child["condition"] = new { request_ip = new { @in = new[] { "127.0.0.1" } } };
        Assert.Equal(Escalation, Told(await maker.Post(owner.Tokens, child)));
        child["expires_on"] = "2098-01-01T00:00:00Z";
        Assert.Equal(HttpStatusCode.OK, (await maker.Post(owner.Tokens, child)).Status);
    }

    [Fact]
    public async Task A_token_without_the_permission_is_told_what_it_lacks()
    {
        using var owner = Owner();
        using var reader = new ApiUser(host, (await owner.Make(owner.Settings("reader", ScriptsRead))).GetProperty("value").GetString()!);
        foreach (var answer in new[]
        {
            await reader.Get(owner.Tokens), await reader.Post(owner.Tokens, reader.Settings("x", ScriptsRead)), await reader.Get($"{owner.Tokens}/none"),
            await reader.Put($"{owner.Tokens}/none", new { }), await reader.Put($"{owner.Tokens}/none/value", new { }), await reader.Delete($"{owner.Tokens}/none"),
        })
        {
            Assert.Equal((HttpStatusCode.Forbidden, "10000"), Told(answer));
            Assert.Contains("Account API Tokens", answer.Body.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Deny_beats_allow()
    {
        using var owner = Owner();
        var settings = owner.Settings("denied", ScriptsWrite);
        var account = $"com.cloudflare.api.account.{host.AccountId}";
        settings["policies"] = new[] { ApiUser.Policy("allow", account, ScriptsWrite), ApiUser.Policy("deny", account, ScriptsRead) };
        using var token = new ApiUser(host, (await owner.Make(settings)).GetProperty("value").GetString()!);
        var answer = await token.Get(Namespaces);
        Assert.Equal((HttpStatusCode.Forbidden, "10000"), Told(answer));
        Assert.Contains("denies", answer.Body.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expires_on", "2020-01-01T00:00:00Z", "expired")]
    [InlineData("not_before", "2099-01-01T00:00:00Z", "before")]
    [InlineData("status", "disabled", "disabled")]
    [InlineData("condition", "{\"request_ip\":{\"in\":[\"10.0.0.0/8\"]}}", "127.0.0.1")]
    [InlineData("condition", "{\"request_ip\":{\"not_in\":[\"127.0.0.1\"]}}", "127.0.0.1")]
    public async Task A_token_that_cannot_be_used_now_is_told_why(string field, string value, string why)
    {
        using var owner = Owner();
        var settings = owner.Settings("not now", ScriptsRead);
        settings[field] = value.StartsWith('{') ? JsonElement.Parse(value) : value;
        using var token = new ApiUser(host, (await owner.Make(settings)).GetProperty("value").GetString()!);
        foreach (var path in new[] { Namespaces, "accounts" })
        {
            var answer = await token.Get(path);
            Assert.Equal((HttpStatusCode.Forbidden, "1001"), Told(answer));
            Assert.Contains(why, answer.Body.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        // What it is, it may ask all the same.
        var status = (await token.Get($"{owner.Tokens}/verify")).Body.GetProperty("result").GetProperty("status").GetString();
        Assert.Equal(field switch { "expires_on" => "expired", "status" => "disabled", _ => "active" }, status);
    }

    [Fact]
    public async Task A_request_whose_token_ends_while_it_is_sent_is_refused()
    {
        using var owner = Owner();
        var made = await owner.Make(owner.Settings("slow", MoreTokens, ScriptsRead));
        using var maker = new ApiUser(host, made.GetProperty("value").GetString()!);
        var body = JsonSerializer.SerializeToUtf8Bytes(maker.Settings("late", ScriptsRead));
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(body.AsMemory(0, 10));
        var sent = JsonAnswer.Of(maker.Send(HttpMethod.Post, owner.Tokens, new StreamContent(pipe.Reader.AsStream())));
        await owner.Delete($"{owner.Tokens}/{made.GetProperty("id").GetString()}");
        await Within_a_second(async () => (await maker.Get("accounts")).Status == HttpStatusCode.Unauthorized);
        await pipe.Writer.WriteAsync(body.AsMemory(10));
        await pipe.Writer.CompleteAsync();
        Assert.Equal((HttpStatusCode.Unauthorized, "10000"), Told(await sent));
        Assert.DoesNotContain("\"late\"", (await owner.Get($"{owner.Tokens}?per_page=50")).Body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_account_is_refused_in_the_same_words_whether_it_exists_or_not()
    {
        using var owner = Owner();
        var other = $"accounts/{new string('1', 32)}";
        foreach (var path in new[] { $"{other}/tokens", other, $"{other}/logs/audit", $"{other}/roles", $"{other}/workers/durable_objects/namespaces", $"{other}/skerry/nodes" })
        {
            Assert.Equal((HttpStatusCode.Forbidden, "10000"), Told(await owner.Get(path)));
        }

        Assert.Equal((HttpStatusCode.Unauthorized, "1000"), Told(await owner.Get($"{other}/tokens/verify")));
    }

    [Fact]
    public async Task An_account_token_has_no_business_with_a_user()
    {
        using var owner = Owner();
        using var token = new ApiUser(host, (await owner.Make(owner.Settings("account's", ScriptsRead))).GetProperty("value").GetString()!);
        var answer = await token.Get("user/tokens/verify");
        Assert.Equal((HttpStatusCode.Forbidden, "9109"), Told(answer));
        Assert.Contains("use a token of the user", answer.Body.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_that_are_none_are_refused()
    {
        using var owner = Owner();
        var value = (await owner.Make(owner.Settings("to be tampered with", ScriptsRead))).GetProperty("value").GetString()!;
        var other = value[^1] == 'A' ? 'B' : 'A';
        foreach (var wrong in new[] { value[..^1], value[..^1] + other, "sku_" + value[4..], value + "A", value.ToUpperInvariant(), value[..10], "Bearer" })
        {
            using var thief = new ApiUser(host, wrong);
            Assert.Equal((HttpStatusCode.Unauthorized, "10000"), Told(await thief.Get(Namespaces)));
        }

        // Two headers are one for us and another for a proxy in front.
        using var twice = await owner.Send(HttpMethod.Get, Namespaces, null, ("Authorization", "Bearer x"));
        Assert.Equal(HttpStatusCode.Unauthorized, twice.StatusCode);
    }

    [Theory]
    [InlineData("""{"policies":[]}""", "/name", "/policies")]
    [InlineData("""{"name":"x","policies":[{"effect":"maybe","permission_groups":[],"resources":{}}]}""", "/policies/0/effect")]
    [InlineData("""{"name":"x","policies":[null]}""", "/policies/0/effect")]
    [InlineData("""{"name":"x","policies":[{"effect":"allow","permission_groups":[{"id":"none"}],"resources":{"com.cloudflare.api.account.A":"*"}}]}""", "/policies/0/permission_groups/0/id")]
    [InlineData("""{"name":"x","policies":[{"effect":"allow","permission_groups":[{"id":"1a71c399035b4950a1bd1466bbe4f420"}],"resources":{"com.cloudflare.api.account.11111111111111111111111111111111":"*"}}]}""", "/policies/0/resources")]
    [InlineData("""{"name":"x","policies":[{"effect":"allow","permission_groups":[{"id":"1a71c399035b4950a1bd1466bbe4f420"}],"resources":{"com.cloudflare.api.account.*":"*"}}]}""", "/policies/0/resources")]
    [InlineData("""{"name":"x","status":"gone","policies":[]}""", "/status")]
    [InlineData("""{"name":5,"policies":[]}""", "/name")]
    [InlineData("""{"name":"x","expires_on":"soon","policies":[]}""", "/expires_on")]
    public async Task What_is_wrong_with_a_token_is_named_with_its_place(string body, params string[] places)
    {
        using var owner = Owner();
        var answer = await JsonAnswer.Of(owner.Send(HttpMethod.Post, owner.Tokens, new StringContent(body, null, "application/json")));
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        var errors = answer.Body.GetProperty("errors").EnumerateArray().ToList();
        Assert.Equal(places, errors.Select(one => one.GetProperty("source").GetProperty("pointer").GetString()).Intersect(places));
        Assert.All(errors, one => Assert.Equal(1004, one.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Who_names_a_version_changes_no_other()
    {
        using var owner = Owner();
        var id = (await owner.Make(owner.Settings("versioned", ScriptsRead))).GetProperty("id").GetString();
        using var first = await owner.Send(HttpMethod.Get, $"{owner.Tokens}/{id}");
        var tag = first.Headers.ETag!.ToString();
        using var same = await owner.Send(HttpMethod.Get, $"{owner.Tokens}/{id}", null, ("If-None-Match", tag));
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);

        var body = JsonSerializer.Serialize(owner.Settings("changed", ScriptsRead));
        using var changed = await owner.Send(HttpMethod.Put, $"{owner.Tokens}/{id}", new StringContent(body, null, "application/json"), ("If-Match", tag));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.NotEqual(tag, changed.Headers.ETag!.ToString());
        foreach (var (method, path) in new[] { (HttpMethod.Put, ""), (HttpMethod.Put, "/value"), (HttpMethod.Delete, "") })
        {
            var late = await JsonAnswer.Of(owner.Send(method, $"{owner.Tokens}/{id}{path}", new StringContent(body, null, "application/json"), ("If-Match", tag)));
            Assert.Equal((HttpStatusCode.PreconditionFailed, "1011"), Told(late));
        }
    }

    [Fact]
    public async Task A_request_that_is_sent_again_makes_one_token()
    {
        using var owner = Owner();
        var settings = owner.Settings("once", ScriptsRead);
        var first = await Send(settings, "key-1");
        var again = await Send(settings, "key-1");
        Assert.Equal(Id(first), Id(again));
        Assert.True(first.Body.GetProperty("result").TryGetProperty("value", out _));
        Assert.False(again.Body.GetProperty("result").TryGetProperty("value", out _));
        Assert.Contains("roll the token", again.Body.GetProperty("messages")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(Id(first), Id(await Send(settings, "key-2")));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "1016"), Told(await Send(owner.Settings("other", ScriptsRead), "key-1")));
        Assert.Equal((HttpStatusCode.BadRequest, "10021"), Told(await Send(settings, new string('k', 256))));

        // At the same time: one.
        var both = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Send(settings, "key-3")));
        Assert.Single(both.Select(Id).Distinct());
        Assert.Single(both, static one => one.Body.GetProperty("result").TryGetProperty("value", out _));

        // What was deleted does not come back.
        Assert.Equal(HttpStatusCode.OK, (await owner.Delete($"{owner.Tokens}/{Id(first)}")).Status);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "1016"), Told(await Send(settings, "key-1")));

        var account = new StringContent("""{"name":"once"}""", null, "application/json");
        var made = await JsonAnswer.Of(owner.Send(HttpMethod.Post, "accounts", account, ("Idempotency-Key", "a")));
        Assert.Equal(Id(made), Id(await JsonAnswer.Of(owner.Send(HttpMethod.Post, "accounts", account, ("Idempotency-Key", "a")))));

        Task<JsonAnswer> Send(object body, string key) => JsonAnswer.Of(owner.Send(
            HttpMethod.Post, owner.Tokens, new StringContent(JsonSerializer.Serialize(body), null, "application/json"), ("Idempotency-Key", key)));

        static string? Id(JsonAnswer answer) => answer.Body.GetProperty("result").GetProperty("id").GetString();
    }

    [Fact]
    public async Task Permission_groups_are_listed_for_those_who_make_tokens()
    {
        using var owner = Owner();
        var groups = (await owner.Get($"{owner.Tokens}/permission_groups")).Body.GetProperty("result").EnumerateArray().ToList();
        Assert.Equal(PermissionGroups.OfScope(PermissionGroups.AccountScope).Select(one => one.Id), groups.Select(one => one.GetProperty("id").GetString()!));
        var named = (await owner.Get($"{owner.Tokens}/permission_groups?name=queues")).Body.GetProperty("result").EnumerateArray();
        Assert.Equal(["Queues Read", "Queues Write"], named.Select(one => one.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task An_explanation_agrees_with_what_happens()
    {
        using var owner = Owner();
        var reader = await owner.Make(owner.Settings("explained", ScriptsRead, TokensRead));
        using var token = new ApiUser(host, reader.GetProperty("value").GetString()!);
        foreach (var (method, path) in new[]
        {
            ("GET", $"/{Namespaces}"), ("GET", $"/{owner.Tokens}"), ("GET", $"/accounts/{host.AccountId}/logs/audit"), ("GET", "/accounts"), ("GET", "/user/tokens/verify"),
        })
        {
            var explained = (await token.Post($"accounts/{host.AccountId}/skerry/access/explain", new { method, path })).Body.GetProperty("result");
            var happened = await token.Get(path[1..]);
            Assert.Equal(happened.Status == HttpStatusCode.OK, explained.GetProperty("allowed").GetBoolean());
            Assert.NotEmpty(explained.GetProperty("reason").GetString()!);
        }

        // About another token, by whoever may look at it.
        var asked = new { method = "POST", path = $"/{owner.Tokens}", token_id = reader.GetProperty("id").GetString() };
        var other = (await owner.Post($"accounts/{host.AccountId}/skerry/access/explain", asked)).Body.GetProperty("result");
        Assert.False(other.GetProperty("allowed").GetBoolean());
        Assert.Equal([TokensWrite, MoreTokens], other.GetProperty("any_of").EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        using var blind = new ApiUser(host, (await owner.Make(owner.Settings("blind", ScriptsRead))).GetProperty("value").GetString()!);
        Assert.Equal((HttpStatusCode.Forbidden, "10000"), Told(await blind.Post($"accounts/{host.AccountId}/skerry/access/explain", asked)));
        Assert.Equal((HttpStatusCode.BadRequest, "1004"), Told(await owner.Post($"accounts/{host.AccountId}/skerry/access/explain", new { path = "/nowhere" })));
    }

    private static (HttpStatusCode Status, string Code) Escalation => (HttpStatusCode.Forbidden, "1008");

    private static (HttpStatusCode Status, string Code) Told(JsonAnswer answer) => (answer.Status, answer.ErrorCode);

    private ApiUser Owner() => new(host, host.Credentials.ApiToken!);

    // A node believes what it knows of a token for at most a second; the limit here is only for a machine that stands still.
    private static async Task Within_a_second(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await holds())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
