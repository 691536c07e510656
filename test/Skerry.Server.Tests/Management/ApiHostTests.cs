using System.Net;
using System.Text;

namespace Skerry.Server.Tests.Management;

/// <summary>What the API does for every call, whatever it is about.</summary>
public sealed class ApiHostTests(RunningHost host) : IClassFixture<RunningHost>
{
    [Fact]
    public async Task Every_answer_has_an_id_of_its_own_and_says_how_many_requests_are_left()
    {
        using var owner = new ApiUser(host, host.Credentials.ApiToken!);
        using var first = await owner.Send(HttpMethod.Get, "accounts", null, ("X-Request-Id", "mine"));
        using var second = await owner.Send(HttpMethod.Get, "nowhere");
        var ids = new[] { first, second }.Select(one => Assert.Single(one.Headers.GetValues("X-Request-Id"))).ToList();
        Assert.All(ids, one => Assert.Matches("^[0-9a-f]{32}$", one));
        Assert.NotEqual(ids[0], ids[1]);
        Assert.Matches("^\"default\";r=[0-9]+;t=[0-9]+$", Assert.Single(first.Headers.GetValues("Ratelimit")));
        Assert.Equal("\"default\";q=60000;w=60", Assert.Single(first.Headers.GetValues("Ratelimit-Policy")));
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("{", 400)]
    [InlineData("null", 400)]
    [InlineData("[]", 400)]
    [InlineData("\"text\"", 400)]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}", 400)]
    [InlineData("{\"name\":\"\\ud800\"}", 400)]
    public async Task Bodies_that_are_no_json_objects_are_refused_in_the_envelope(string body, int status)
    {
        var answer = await Post(new StringContent(body, null, "application/json"));
        Assert.Equal((status, "1004"), ((int)answer.Status, answer.ErrorCode));
    }

    [Fact]
    public async Task A_deeply_nested_body_is_refused()
    {
        var answer = await Post(new StringContent($"{{\"x\":{new string('[', 100_000)}{new string(']', 100_000)}}}", null, "application/json"));
        Assert.Equal((HttpStatusCode.BadRequest, "1004"), (answer.Status, answer.ErrorCode));
        Assert.Contains("nested too deeply", answer.Body.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_large_body_is_refused_with_the_limit(bool lengthIsSaid)
    {
        var bytes = Encoding.UTF8.GetBytes($"{{\"name\":\"{new string('a', 300_000)}\"}}");
        using HttpContent content = lengthIsSaid ? new ByteArrayContent(bytes) : new StreamContent(new Slow(bytes));
        var answer = await Post(content);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "10013"), (answer.Status, answer.ErrorCode));
        Assert.Contains("262144", answer.Body.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_other_site_is_allowed_to_read_answers()
    {
        using var owner = new ApiUser(host, host.Credentials.ApiToken!);
        using var response = await owner.Send(HttpMethod.Get, "accounts", null, ("Origin", "https://elsewhere.example"));
        Assert.DoesNotContain(response.Headers, one => one.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Objects_of_accounts_are_out_of_reach_of_everything_else()
    {
        using var owner = new ApiUser(host, host.Credentials.ApiToken!);
        var listed = (await owner.Get($"accounts/{host.AccountId}/workers/durable_objects/namespaces")).Body;
        Assert.DoesNotContain("skerry-", listed.ToString(), StringComparison.Ordinal);
        var id = Node.NamespaceId.Of("skerry-account");
        foreach (var path in new[] { "history", "export" })
        {
            var answer = await owner.Get($"accounts/{host.AccountId}/workers/durable_objects/namespaces/{id}/objects/name:{host.AccountId}/{path}");
            Assert.Equal((HttpStatusCode.NotFound, "7003"), (answer.Status, answer.ErrorCode));
        }

        using var throughGateway = await host.Gateway.GetAsync($"/objects/skerry-account/{host.AccountId}/");
        Assert.Equal(HttpStatusCode.NotFound, throughGateway.StatusCode);
        Assert.DoesNotContain("skerry-account", (await host.Anonymous.GetStringAsync("/health")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_nodes_own_token_shows_the_nodes_and_nothing_else()
    {
        using var node = new ApiUser(host, host.Credentials.NodeToken!);
        Assert.Equal(HttpStatusCode.OK, (await node.Get($"accounts/{new string('0', 32)}/skerry/nodes")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await node.Get($"accounts/{host.AccountId}/skerry/nodes")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Get($"accounts/{host.AccountId}/tokens")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Get("accounts")).Status);
    }

    [Fact]
    public async Task The_reference_is_a_page_that_loads_nothing_from_elsewhere()
    {
        using var response = await host.Anonymous.GetAsync("/reference");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
        var page = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        Assert.Contains("openapi.json", page, StringComparison.Ordinal);
    }

    private async Task<JsonAnswer> Post(HttpContent content)
    {
        using var owner = new ApiUser(host, host.Credentials.ApiToken!);
        return await JsonAnswer.Of(owner.Send(HttpMethod.Post, owner.Tokens, content));
    }

    // A stream without a length is sent in chunks.
    private sealed class Slow(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
