using System.Net;
using System.Text.Json;

namespace Skerry.Server.Tests.Management;

public sealed class ManagementApiTests(RunningHost host) : IClassFixture<RunningHost>
{
    [Fact]
    public async Task A_valid_token_verifies()
    {
        var answer = await Get("/client/v4/user/tokens/verify");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.True(answer.Body.GetProperty("success").GetBoolean());
        Assert.Equal("active", answer.Body.GetProperty("result").GetProperty("status").GetString());
        Assert.Empty(answer.Body.GetProperty("errors").EnumerateArray());
        Assert.NotEmpty(answer.Body.GetProperty("messages").EnumerateArray());
    }

    [Theory]
    [InlineData("/client/v4/user/tokens/verify", null, "10000")]
    [InlineData("/client/v4/user/tokens/verify", "Bearer wrong", "1000")]
    [InlineData("/client/v4/accounts", "Bearer wrong", "10000")]
    [InlineData("/client/v4/accounts", "Bearer", "10000")]
    [InlineData("/client/v4/accounts", "Basic YTpi", "10000")]
    [InlineData("/client/v4/nothing-here", null, "10000")]
    public async Task Without_a_valid_token_the_answer_is_401(string path, string? authorization, string code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        var answer = await JsonAnswer.Of(host.Anonymous.SendAsync(request));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.Equal(code, answer.ErrorCode);
        AssertFailureEnvelope(answer);
    }

    [Fact]
    public async Task The_default_account_is_listed()
    {
        var answer = await Get("/client/v4/accounts");
        var account = Assert.Single(answer.Body.GetProperty("result").EnumerateArray());
        Assert.Equal(host.AccountId, account.GetProperty("id").GetString());
        Assert.Equal("default", account.GetProperty("name").GetString());
        Assert.Equal(1, answer.Body.GetProperty("result_info").GetProperty("total_count").GetInt32());
    }

    [Theory]
    [InlineData("/client/v4/nope", HttpStatusCode.NotFound, "7000")]
    [InlineData("/nope", HttpStatusCode.NotFound, "7000")]
    [InlineData("/flights/LX14/seats", HttpStatusCode.NotFound, "7000")]
    [InlineData("/client/v4/accounts/00000000000000000000000000000000/workers/durable_objects/namespaces", HttpStatusCode.Forbidden, "10000")]
    [InlineData("/client/v4/accounts/{a}/workers/durable_objects/namespaces/none/objects", HttpStatusCode.NotFound, "7003")]
    public async Task Wrong_paths_are_answered_in_the_envelope(string path, HttpStatusCode status, string code)
    {
        var answer = await Get(path.Replace("{a}", host.AccountId, StringComparison.Ordinal));
        Assert.Equal(status, answer.Status);
        Assert.Equal(code, answer.ErrorCode);
        AssertFailureEnvelope(answer);
    }

    [Fact]
    public async Task A_wrong_method_is_answered_in_the_envelope()
    {
        var answer = await JsonAnswer.Of(host.Api.DeleteAsync("/client/v4/accounts"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.Status);
        Assert.Equal("7001", answer.ErrorCode);
        AssertFailureEnvelope(answer);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=10001")]
    [InlineData("limit=ten")]
    [InlineData("limit=-1")]
    [InlineData("cursor=zz")]
    public async Task Malformed_list_parameters_are_named(string query)
    {
        var id = (await FlightNamespace()).GetProperty("id").GetString();
        var answer = await Get($"/client/v4/accounts/{host.AccountId}/workers/durable_objects/namespaces/{id}/objects?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("10021", answer.ErrorCode);
        var message = answer.Body.GetProperty("errors")[0].GetProperty("message").GetString();
        Assert.StartsWith(query.Split('=')[0], message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Objects_are_listed_in_parts_that_together_are_all_of_them()
    {
        var flights = Enumerable.Range(0, 7).Select(i => $"/flights/PART{i}/seats").ToList();
        foreach (var flight in flights)
        {
            using var touched = await host.Gateway.GetAsync(flight);
            Assert.Equal(HttpStatusCode.OK, touched.StatusCode);
        }

        var flightNamespace = await FlightNamespace();
        Assert.Equal("Flight", flightNamespace.GetProperty("class").GetString());
        Assert.True(flightNamespace.GetProperty("use_sqlite").GetBoolean());
        var path = $"/client/v4/accounts/{host.AccountId}/workers/durable_objects/namespaces/{flightNamespace.GetProperty("id").GetString()}/objects";
        var all = Ids(await Get(path));
        Assert.True(all.Count >= flights.Count);
        Assert.Equal(all.Order(StringComparer.Ordinal), all);

        var parts = new List<string>();
        var cursor = "";
        do
        {
            var part = await Get($"{path}?limit=3&cursor={cursor}");
            var ids = Ids(part);
            Assert.InRange(ids.Count, 1, 3);
            parts.AddRange(ids);
            cursor = part.Body.GetProperty("result_info").GetProperty("cursor").GetString();
        }
        while (cursor != "");
        Assert.Equal(all, parts);
    }

    [Fact]
    public async Task Health_answers_on_both_listeners_and_tells_the_gateway_less()
    {
        var management = await JsonAnswer.Of(host.Anonymous.GetAsync("/health"));
        Assert.Equal(HttpStatusCode.OK, management.Status);
        Assert.Equal("ok", management.Body.GetProperty("status").GetString());
        Assert.Equal(host.DataFolder, management.Body.GetProperty("storage").GetProperty("folder").GetString());
        Assert.Contains(management.Body.GetProperty("namespaces").EnumerateArray(), one => one.GetProperty("class").GetString() == "Flight");

        var gateway = await JsonAnswer.Of(host.Gateway.GetAsync("/health"));
        Assert.Equal(HttpStatusCode.OK, gateway.Status);
        Assert.Equal("ok", gateway.Body.GetProperty("storage").GetProperty("status").GetString());
        Assert.False(gateway.Body.TryGetProperty("namespaces", out _));
        Assert.DoesNotContain(host.DataFolder, gateway.Body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_dashboard_and_the_welcome_page_load_nothing_from_elsewhere()
    {
        foreach (var client in new[] { host.Anonymous, host.Gateway })
        {
            using var response = await client.GetAsync("/");
            Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
            var html = await response.Content.ReadAsStringAsync();
            Assert.DoesNotContain("src=\"", html, StringComparison.Ordinal);
            Assert.DoesNotContain("href=\"http", html, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:8788")]
    [InlineData("10.0.0.1")]
    public async Task A_name_that_was_pointed_at_loopback_is_refused(string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health");
        request.Headers.Host = name;
        var answer = await JsonAnswer.Of(host.Anonymous.SendAsync(request));
        Assert.Equal((HttpStatusCode.Forbidden, "10002"), (answer.Status, answer.ErrorCode));
        AssertFailureEnvelope(answer);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("api.localhost:1")]
    [InlineData("[::1]:8788")]
    public async Task Names_of_this_machine_are_accepted(string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health");
        request.Headers.Host = name;
        Assert.Equal(HttpStatusCode.OK, (await JsonAnswer.Of(host.Anonymous.SendAsync(request))).Status);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Origin", "https://elsewhere.example")]
    public async Task Other_sites_pages_cannot_change_anything_even_with_the_token(string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/client/v4/accounts");
        request.Headers.Add(header, value);
        var answer = await JsonAnswer.Of(host.Api.SendAsync(request));
        Assert.Equal((HttpStatusCode.Forbidden, "10002"), (answer.Status, answer.ErrorCode));
    }

    [Fact]
    public async Task HEAD_works_where_monitors_ask_and_OPTIONS_tells_the_methods()
    {
        foreach (var client in new[] { host.Anonymous, host.Gateway })
        {
            foreach (var path in new[] { "/", "/health" })
            {
                using var request = new HttpRequestMessage(HttpMethod.Head, path);
                using var response = await client.SendAsync(request);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                Assert.Empty(await response.Content.ReadAsByteArrayAsync());
            }
        }

        using var options = new HttpRequestMessage(HttpMethod.Options, "/client/v4/accounts");
        using var answer = await host.Api.SendAsync(options);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(["GET", "POST"], answer.Content.Headers.Allow);
    }

    [Fact]
    public async Task A_body_where_none_is_expected_is_not_read()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/client/v4/accounts") { Content = new ByteArrayContent(new byte[1 << 20]) };
        request.Content.Headers.ContentType = new("image/jpeg");
        Assert.Equal(HttpStatusCode.OK, (await JsonAnswer.Of(host.Api.SendAsync(request))).Status);
    }

    [Fact]
    public async Task A_namespace_has_the_fields_of_the_public_API()
    {
        var one = await FlightNamespace();
        Assert.Equal(["id", "name", "script", "class", "use_sqlite"], one.EnumerateObject().Select(field => field.Name));
        var info = (await Get($"/client/v4/accounts/{host.AccountId}/workers/durable_objects/namespaces")).Body.GetProperty("result_info");
        Assert.Equal(["count", "page", "per_page", "total_count", "total_pages"], info.EnumerateObject().Select(field => field.Name));
    }

    private static void AssertFailureEnvelope(JsonAnswer answer)
    {
        Assert.False(answer.Body.GetProperty("success").GetBoolean());
        Assert.Equal(JsonValueKind.Null, answer.Body.GetProperty("result").ValueKind);
        Assert.Empty(answer.Body.GetProperty("messages").EnumerateArray());
    }

    private static List<string> Ids(JsonAnswer answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var objects = answer.Body.GetProperty("result").EnumerateArray().ToList();
        Assert.All(objects, one => Assert.True(one.GetProperty("hasStoredData").GetBoolean()));
        return [.. objects.Select(one => one.GetProperty("id").GetString()!)];
    }

    private Task<JsonAnswer> Get(string path) => JsonAnswer.Of(host.Api.GetAsync(path));

    private async Task<JsonElement> FlightNamespace() =>
        (await Get($"/client/v4/accounts/{host.AccountId}/workers/durable_objects/namespaces"))
            .Body.GetProperty("result").EnumerateArray().Single(one => one.GetProperty("name").GetString() == "flight");
}
