using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Skerry.Server.Tests.Gateway;

public sealed class FlightTests(RunningHost host) : IClassFixture<RunningHost>
{
    [Fact]
    public async Task A_flight_that_nobody_prepared_has_seats_to_book()
    {
        var booked = await Book("FRESH", "3C", "Ada");
        Assert.Equal(HttpStatusCode.OK, booked.Status);
        Assert.Equal("3C", booked.Body.GetProperty("seat").GetString());
        Assert.Equal("Ada", booked.Body.GetProperty("passenger").GetString());

        var free = await Get("/flights/FRESH/seats");
        Assert.Equal(179, free.Body.GetProperty("count").GetInt32());
        var numbers = free.Body.GetProperty("seats").EnumerateArray().Select(seat => seat.GetString()).ToList();
        Assert.Equal(["1A", "1B", "1C"], numbers.Take(3));
        Assert.DoesNotContain("3C", numbers);

        var map = await Get("/flights/FRESH/map");
        var seat = map.Body.GetProperty("seats").EnumerateArray().Single(one => one.GetProperty("number").GetString() == "3C");
        Assert.Equal("Ada", seat.GetProperty("passenger").GetString());
    }

    [Fact]
    public async Task The_rules_refuse_with_the_rule_that_was_broken()
    {
        Assert.Equal(HttpStatusCode.OK, (await Book("RULES", "3C", "Ada")).Status);

        var taken = await Book("RULES", "3c", "Grace");
        Assert.Equal((HttpStatusCode.Conflict, "seat_taken"), (taken.Status, taken.ErrorCode));
        var second = await Book("RULES", "4A", "Ada");
        Assert.Equal((HttpStatusCode.Conflict, "passenger_has_seat"), (second.Status, second.ErrorCode));
        var nowhere = await Book("RULES", "31A", "Grace");
        Assert.Equal((HttpStatusCode.NotFound, "no_such_seat"), (nowhere.Status, nowhere.ErrorCode));
        Assert.Equal(179, (await Get("/flights/RULES/seats")).Body.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Many_at_once_get_one_seat_each_and_no_seat_twice()
    {
        var attempts = Enumerable.Range(0, 64).Select(i => Book("RUSH", $"{i % 4 + 1}A", $"Passenger {i}"));
        var answers = await Task.WhenAll(attempts);
        Assert.Equal(4, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.Equal(60, answers.Count(answer => answer.Status == HttpStatusCode.Conflict && answer.ErrorCode == "seat_taken"));
        Assert.Equal(176, (await Get("/flights/RUSH/seats")).Body.GetProperty("count").GetInt32());
    }

    [Theory]
    [InlineData("", "malformed_json")]
    [InlineData("nonsense", "malformed_json")]
    [InlineData("[]", "malformed_json")]
    [InlineData("{\"passenger\":\"Ada\"", "malformed_json")]
    [InlineData("{\"passenger\":\"Ada\"} and more", "malformed_json")]
    [InlineData("{\"passenger\":\"\\ud800\"}", "malformed_json")]
    [InlineData("{}", "bad_passenger")]
    [InlineData("{\"passenger\":3}", "bad_passenger")]
    [InlineData("{\"passenger\":null}", "bad_passenger")]
    [InlineData("{\"passenger\":\"  \"}", "bad_passenger")]
    public async Task A_malformed_booking_is_told_what_is_accepted(string body, string code)
    {
        var answer = await Post("/flights/BAD/seats/1A", body);
        Assert.Equal((HttpStatusCode.BadRequest, code), (answer.Status, answer.ErrorCode));
        var error = answer.Body.GetProperty("errors")[0];
        Assert.Equal("passenger", error.GetProperty("field").GetString());
        Assert.Contains("""{"passenger":"Ada"}""", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_have_bounds_and_any_script()
    {
        Assert.Equal("bad_passenger", (await Book("NAMES", "1A", new string('x', 81))).ErrorCode);
        Assert.Equal("body_too_large", (await Book("NAMES", "1A", new string('x', 5000))).ErrorCode);
        var booked = await Book("NAMES", "1A", " \"李小龍\" & <b>Ada</b> ");
        Assert.Equal("\"李小龍\" & <b>Ada</b>", booked.Body.GetProperty("passenger").GetString());
        Assert.Equal("bad_flight_name", (await Get("/flights/a.b/seats")).ErrorCode);
        Assert.Equal("bad_flight_name", (await Get("/flights/12345678901234567/seats")).ErrorCode);
    }

    [Theory]
    [InlineData("GET", "/flights/LX14/live", HttpStatusCode.UpgradeRequired, "websocket_expected")]
    [InlineData("GET", "/flights/LX14/nothing", HttpStatusCode.NotFound, "not_found")]
    [InlineData("DELETE", "/flights/LX14/seats", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    [InlineData("GET", "/client/v4/accounts", HttpStatusCode.NotFound, "not_found")]
    public async Task Wrong_requests_are_answered_as_JSON(string method, string path, HttpStatusCode status, string code)
    {
        using var request = new HttpRequestMessage(new(method), path);
        var answer = await JsonAnswer.Of(host.Gateway.SendAsync(request));
        Assert.Equal((status, code), (answer.Status, answer.ErrorCode));
    }

    [Fact]
    public async Task Undo_takes_a_young_flight_back_to_its_beginning_and_tells_open_pages()
    {
        Assert.Equal(HttpStatusCode.OK, (await Book("UNDO", "3C", "Ada")).Status);
        using var page = await Open("UNDO");
        Assert.Equal("map", (await Receive(page)).GetProperty("type").GetString());

        var undone = await Post("/flights/UNDO/undo", "");
        Assert.Equal(HttpStatusCode.OK, undone.Status);
        Assert.InRange(DateTimeOffset.UtcNow - undone.Body.GetProperty("back_to").GetDateTimeOffset(), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(6));
        Assert.Equal(180, (await Get("/flights/UNDO/seats")).Body.GetProperty("count").GetInt32());
        Assert.Equal(HttpStatusCode.OK, (await Book("UNDO", "3C", "Grace")).Status);
    }

    [Fact]
    public async Task A_page_hears_of_every_booking_and_is_answered_when_it_pings()
    {
        using var page = await Open("LIVE");
        var map = await Receive(page);
        Assert.Equal("map", map.GetProperty("type").GetString());
        Assert.Equal(180, map.GetProperty("seats").GetArrayLength());

        await Book("LIVE", "7F", "Ada");
        var booked = await Receive(page);
        Assert.Equal("booked", booked.GetProperty("type").GetString());
        Assert.Equal("7F", booked.GetProperty("seat").GetProperty("number").GetString());
        Assert.Equal("Ada", booked.GetProperty("seat").GetProperty("passenger").GetString());

        await page.SendAsync("ping"u8.ToArray(), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);
        Assert.Equal("pong", await ReceiveText(page));
        await page.CloseAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("POST", "/flights/FOREIGN/undo", "Sec-Fetch-Site", "cross-site")]
    [InlineData("POST", "/flights/FOREIGN/seats/1A", "Sec-Fetch-Site", "same-site")]
    [InlineData("POST", "/flights/FOREIGN/seats/1A", "Origin", "https://elsewhere.example")]
    [InlineData("POST", "/flights/FOREIGN/seats/1A", "Origin", "null")]
    public async Task Other_sites_pages_cannot_book(string method, string path, string header, string value)
    {
        using var request = new HttpRequestMessage(new(method), path) { Content = new StringContent("""{"passenger":"Eve"}""") };
        request.Headers.Add(header, value);
        var answer = await JsonAnswer.Of(host.Gateway.SendAsync(request));
        Assert.Equal((HttpStatusCode.Forbidden, "foreign_site"), (answer.Status, answer.ErrorCode));
    }

    [Fact]
    public async Task Other_sites_pages_cannot_listen()
    {
        using var page = new ClientWebSocket();
        page.Options.SetRequestHeader("Origin", "https://elsewhere.example");
        page.Options.CollectHttpResponseDetails = true;
        var address = new UriBuilder(host.Host.GatewayUrl) { Scheme = "ws", Path = "/flights/FOREIGN/live" };
        await Assert.ThrowsAsync<WebSocketException>(() => page.ConnectAsync(address.Uri, TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.Forbidden, page.HttpStatusCode);
    }

    [Fact]
    public async Task Deep_JSON_and_bodies_of_other_types_are_no_trouble()
    {
        var deep = "{\"x\":" + new string('[', 1500) + new string(']', 1500) + ",\"passenger\":\"Ada\"}";
        Assert.Equal("malformed_json", (await Post("/flights/ODD/seats/1A", deep)).ErrorCode);

        using var image = new ByteArrayContent([0xff, 0xd8, 0xff]);
        image.Headers.ContentType = new("image/jpeg");
        var answer = await JsonAnswer.Of(host.Gateway.PostAsync("/flights/ODD/seats/1A", image));
        Assert.Equal((HttpStatusCode.BadRequest, "malformed_json"), (answer.Status, answer.ErrorCode));
    }

    private static async Task<JsonElement> Receive(ClientWebSocket page) => JsonElement.Parse(await ReceiveText(page));

    private static async Task<string> ReceiveText(ClientWebSocket page)
    {
        var buffer = new byte[65536];
        var length = 0;
        while (true)
        {
            var part = await page.ReceiveAsync(buffer.AsMemory(length), TestContext.Current.CancellationToken);
            length += part.Count;
            if (part.EndOfMessage)
            {
                return Encoding.UTF8.GetString(buffer, 0, length);
            }
        }
    }

    private async Task<ClientWebSocket> Open(string flight)
    {
        var page = new ClientWebSocket();
        var address = new UriBuilder(host.Host.GatewayUrl) { Scheme = "ws", Path = $"/flights/{flight}/live" };
        await page.ConnectAsync(address.Uri, TestContext.Current.CancellationToken);
        return page;
    }

    private Task<JsonAnswer> Book(string flight, string seat, string passenger) =>
        Post($"/flights/{flight}/seats/{seat}", JsonSerializer.Serialize(new { passenger }));

    private async Task<JsonAnswer> Post(string path, string body)
    {
        using var content = new StringContent(body);
        return await JsonAnswer.Of(host.Gateway.PostAsync(path, content));
    }

    private Task<JsonAnswer> Get(string path) => JsonAnswer.Of(host.Gateway.GetAsync(path));
}
