using System.Net;
using System.Text.Json;

namespace Skerry.Server.Tests.Management;

public sealed class AuditApiTests(RunningHost host) : IClassFixture<RunningHost>
{
    private string Log => $"accounts/{host.AccountId}/logs/audit";

    [Fact]
    public async Task Every_change_names_the_token_the_request_and_what_it_was_before()
    {
        using var owner = new ApiUser(host, host.Credentials.ApiToken!);
        var id = (await owner.Make(owner.Settings("audited", "Queues Read"))).GetProperty("id").GetString();
        using var changed = await owner.Send(
            HttpMethod.Put, $"{owner.Tokens}/{id}", new StringContent(JsonSerializer.Serialize(owner.Settings("changed", "Queues Read")), null, "application/json"), ("User-Agent", "tests/1.0"));
        await owner.Put($"{owner.Tokens}/{id}/value", new { });
        await owner.Delete($"{owner.Tokens}/{id}");

        var entries = (await owner.Get($"{Log}?resource_id={id}&direction=asc")).Body.GetProperty("result").EnumerateArray().ToList();
        Assert.Equal(["create", "update", "roll", "delete"], entries.Select(one => one.GetProperty("action").GetProperty("type").GetString()));
        var update = entries[1];
        var own = (await owner.Get("user/tokens/verify")).Body.GetProperty("result").GetProperty("id").GetString();
        Assert.Equal(own, update.GetProperty("actor").GetProperty("token_id").GetString());
        Assert.Equal("credentials.json", update.GetProperty("actor").GetProperty("token_name").GetString());
        Assert.Equal("127.0.0.1", update.GetProperty("actor").GetProperty("ip_address").GetString());
        Assert.Equal("tests/1.0", update.GetProperty("raw").GetProperty("user_agent").GetString());
        Assert.Equal(("PUT", $"/client/v4/{owner.Tokens}/{id}"), (update.GetProperty("raw").GetProperty("method").GetString(), update.GetProperty("raw").GetProperty("uri").GetString()));
        Assert.Equal(Assert.Single(changed.Headers.GetValues("X-Request-Id")), update.GetProperty("raw").GetProperty("request_id").GetString());
        Assert.Equal(
            ("audited", "changed"),
            (update.GetProperty("resource").GetProperty("before").GetProperty("name").GetString(), update.GetProperty("resource").GetProperty("after").GetProperty("name").GetString()));

        // Nothing from which a value could be found.
        Assert.DoesNotContain("ska_", string.Concat(entries.Select(one => one.ToString())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parts_of_the_log_are_all_of_it_and_filters_leave_out_the_rest()
    {
        using var owner = new ApiUser(host, host.Credentials.ApiToken!);
        var from = DateTimeOffset.UtcNow;
        for (var i = 0; i < 5; i++)
        {
            await owner.Make(owner.Settings($"part {i}", "Queues Read"));
        }

        var all = await Ids($"{Log}?resource_type=token");
        var parts = new List<string?>();
        var cursor = "";
        do
        {
            var part = (await owner.Get($"{Log}?resource_type=token&limit=2&cursor={cursor}")).Body;
            parts.AddRange(part.GetProperty("result").EnumerateArray().Select(one => one.GetProperty("id").GetString()));
            cursor = part.GetProperty("result_info").GetProperty("cursor").GetString();
        }
        while (cursor != "");
        Assert.Equal(all, parts);
        Assert.True(all.Count >= 5);
        Assert.Empty(await Ids($"{Log}?action_type=nothing"));
        Assert.Empty(await Ids($"{Log}?since={Uri.EscapeDataString(from.AddHours(1).ToString("O"))}"));
        Assert.Empty(await Ids($"{Log}?before=2020-01-01"));
        foreach (var wrong in new[] { "limit=0", "direction=up", "since=soon", "cursor=x" })
        {
            var answer = await owner.Get($"{Log}?{wrong}");
            Assert.Equal((HttpStatusCode.BadRequest, "10021"), (answer.Status, answer.ErrorCode));
            Assert.Equal(wrong.Split('=')[0], answer.Body.GetProperty("errors")[0].GetProperty("source").GetProperty("parameter").GetString());
        }

        async Task<List<string?>> Ids(string path) =>
            [.. (await owner.Get(path)).Body.GetProperty("result").EnumerateArray().Select(one => one.GetProperty("id").GetString())];
    }

    [Fact]
    public async Task The_log_proves_itself_from_the_beginning_and_from_a_note_and_not_from_another_logs_note()
    {
        using var owner = new ApiUser(host, host.Credentials.ApiToken!);
        var path = $"accounts/{host.AccountId}/skerry/audit/verify";
        var whole = (await owner.Post(path, new { })).Body.GetProperty("result");
        Assert.True(whole.GetProperty("holds").GetBoolean() && whole.GetProperty("complete").GetBoolean());
        await owner.Make(owner.Settings("one more", "Queues Read"));
        var (entries, head) = (whole.GetProperty("entries").GetInt64(), whole.GetProperty("head").GetString()!);
        var later = (await owner.Post(path, new { entries, head })).Body.GetProperty("result");
        Assert.True(later.GetProperty("holds").GetBoolean());
        Assert.True(later.GetProperty("entries").GetInt64() > entries);
        var other = (await owner.Post(path, new { entries, head = new string('0', 64) })).Body.GetProperty("result");
        Assert.False(other.GetProperty("holds").GetBoolean());
        Assert.Contains("not the one that was noted", other.GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await owner.Post(path, new { entries })).Status);
    }

    [Fact]
    public async Task Text_of_a_client_cannot_break_out_of_an_entry()
    {
        using var owner = new ApiUser(host, host.Credentials.ApiToken!);
        const string Evil = "x\",\"actor\":{\"id\":\"root\"} \u2028 <script>";
        var made = await owner.Send(
            HttpMethod.Post, owner.Tokens, new StringContent(JsonSerializer.Serialize(owner.Settings(Evil, "Queues Read")), null, "application/json"), ("User-Agent", new string('a', 5000)));
        using (made)
        {
            Assert.Equal(HttpStatusCode.OK, made.StatusCode);
        }

        var entry = (await owner.Get($"{Log}?limit=1")).Body.GetProperty("result")[0];
        Assert.Equal(Evil, entry.GetProperty("resource").GetProperty("after").GetProperty("name").GetString());
        Assert.NotEqual("root", entry.GetProperty("actor").GetProperty("id").GetString());
        Assert.InRange(entry.GetProperty("raw").GetProperty("user_agent").GetString()!.Length, 1, 256);
    }
}
