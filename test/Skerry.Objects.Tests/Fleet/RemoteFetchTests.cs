using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Fleet;

public sealed class RemoteFetchTests(MembershipServers servers)
{
    [Fact]
    public async Task An_object_sees_the_request_as_it_came_in_and_answers_through()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        fleet.Scripts.For("f").Fetch = static async (o, http) =>
        {
            http.Response.StatusCode = 201;
            http.Response.Headers["X-Mine"] = "yes";
            var body = await new StreamReader(http.Request.Body).ReadToEndAsync();
            await http.Response.WriteAsync(string.Join('|', http.Request.Method, http.Request.Scheme, http.Request.Host, http.Request.Path.Value, http.Request.QueryString, http.GetRouteValue("path"), http.Request.Headers["X-Yours"], body));
        };
        var caller = await CallerOf(fleet, "f");
        using var request = new HttpRequestMessage(HttpMethod.Put, "/objects/scripted/f/a%20b/c?d=%C3%A9") { Content = new StringContent("hello") };
        request.Headers.Add("X-Yours", "mine");
        using var response = await caller.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("yes", response.Headers.GetValues("X-Mine").Single());
        Assert.False(response.Headers.Contains("Skerry-Answer"));
        Assert.Equal(
            $"PUT|http|{new Uri(caller.Address).Authority}|/objects/scripted/f/a b/c|?d=%C3%A9|a b/c|mine|hello",
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_object_sees_who_sent_the_request_and_not_the_node_that_passed_it_on()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        fleet.Scripts.For("f").Fetch = static (o, http) => http.Response.WriteAsync(
            $"{http.Connection.RemoteIpAddress}:{http.Connection.RemotePort} at {http.Connection.LocalPort}, {http.Connection.ClientCertificate?.Subject ?? "no certificate"}");
        var caller = await CallerOf(fleet, "f");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.7"), 0));
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(caller.Address).Port, TestContext.Current.CancellationToken);
        using var client = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, _) => new(new NetworkStream(socket)) }) { BaseAddress = new Uri(caller.Address) };
        Assert.Equal(
            $"{socket.LocalEndPoint} at {new Uri(caller.Address).Port}, no certificate",
            await client.GetStringAsync("/objects/scripted/f/", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Long_addresses_and_headers_are_passed_on_and_those_too_long_are_refused_with_the_reason()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        fleet.Scripts.For("f").Fetch = static (o, http) => http.Response.WriteAsync($"{http.Request.Path.Value!.Length} {http.Request.Headers["X-Long"].ToString().Length}");
        var caller = await CallerOf(fleet, "f");

        // As much as the request line takes, in letters that other encoders blow up; and as many headers as servers usually take.
        var path = "/objects/scripted/f/" + string.Concat(Enumerable.Repeat("%C3%A9", 1_200));
        Assert.Equal($"{"/objects/scripted/f/".Length + 1_200} {28 << 10}", await AskAsync(path, 28 << 10, HttpStatusCode.OK));
        Assert.Contains("are passed on", await AskAsync(path, 90 << 10, HttpStatusCode.RequestHeaderFieldsTooLarge), StringComparison.Ordinal);

        async Task<string> AskAsync(string path, int headerBytes, HttpStatusCode expected)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("X-Long", new string('x', headerBytes));
            using var response = await caller.Http.SendAsync(request, TestContext.Current.CancellationToken);
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(response.StatusCode == expected, $"{response.StatusCode} {text}");
            return text;
        }
    }

    [Fact]
    public async Task Bodies_stream_both_ways()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        fleet.Scripts.For("s").Fetch = static async (_, http) =>
        {
            // Echoes as it comes: neither side waits for the other's end.
            var buffer = new byte[4096];
            int read;
            while ((read = await http.Request.Body.ReadAsync(buffer)) > 0)
            {
                await http.Response.Body.WriteAsync(buffer.AsMemory(0, read));
                await http.Response.Body.FlushAsync();
            }
        };
        var caller = await CallerOf(fleet, "s");

        // By hand: HttpClient shows no answer of HTTP/1.1 before it has sent everything.
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(caller.Address).Port, TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        await Write("POST /objects/scripted/s/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        await Until("first");
        await Write("6\r\nsecond\r\n0\r\n\r\n");
        await Until("second");
        await Until("0");

        ValueTask Write(string text) => stream.WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);

        async Task Until(string line)
        {
            while (await reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TestNode.Bound) is var read && read != line)
            {
                Assert.NotNull(read);
            }
        }
    }

    [Fact]
    public async Task Failures_are_told_as_if_the_object_were_here()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var script = fleet.Scripts.For("e");
        script.Fetch = static (_, _) => throw new InvalidOperationException("broken");
        var caller = await CallerOf(fleet, "e");
        var (status, code) = await ErrorOf(caller, "e");
        Assert.Equal((500, "object_threw"), (status, code));
        script.Fetch = static (o, _) =>
        {
            o.Context.Abort("enough");
            return Task.CompletedTask;
        };
        Assert.Equal((503, "aborted"), await ErrorOf(caller, "e"));
        script.Fetch = static (_, _) => throw new BadHttpRequestException("too much", 413);
        Assert.Equal((413, "bad_request"), await ErrorOf(caller, "e"));
    }

    [Fact]
    public async Task A_request_whose_object_moves_meanwhile_is_served_where_it_went()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        fleet.Scripts.For("m").Fetch = static async (o, http) =>
        {
            var body = await new StreamReader(http.Request.Body).ReadToEndAsync();
            o.Insert();
            await http.Response.WriteAsync(body);
        };
        var caller = await CallerOf(fleet, "m");
        var large = new string('x', 300_000);
        for (var i = 0; i < 20; i++)
        {
            var move = i % 4 == 3 ? fleet.NodeOf("m").Host.ReleaseAsync(caller.Objects.IdFromName("m").Key, CancellationToken.None) : Task.CompletedTask;
            using var response = await caller.Http.PostAsync("/objects/scripted/m/", new StringContent(large), TestContext.Current.CancellationToken);
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(response.IsSuccessStatusCode, text);
            Assert.Equal(large, text);
            await move;
        }

        Assert.Equal(20, await caller.Run("m", static o => o.Count));
    }

    [Fact]
    public async Task A_websocket_goes_through_and_says_goodbye_when_its_object_moves()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        var script = fleet.Scripts.For("w");
        script.Fetch = static (o, http) => o.Context.AcceptWebSocket(http);
        script.Message = static (o, socket, message) =>
        {
            o.Insert();
            socket.Send($"{o.Count}:{message.Text}");
            return Task.CompletedTask;
        };
        var caller = await CallerOf(fleet, "w");
        var node = fleet.NodeOf("w");
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new Uri(caller.Address.Replace("http:", "ws:", StringComparison.Ordinal) + "/objects/scripted/w/"), TestContext.Current.CancellationToken);
        Assert.Equal("1:a", await Ask(client, "a"));
        Assert.Equal("2:b", await Ask(client, "b"));
        await node.Host.ReleaseAsync(caller.Objects.IdFromName("w").Key, CancellationToken.None);
        var end = await client.ReceiveAsync(new byte[16], TestContext.Current.CancellationToken);
        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.EndpointUnavailable), (end.MessageType, client.CloseStatus));
    }

    [Fact]
    public async Task The_internal_addresses_exist_for_nodes_only()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 1);
        var id = fleet.Nodes[0].Objects.IdFromName("x");
        Assert.Equal(HttpStatusCode.NotFound, (await fleet.Nodes[0].Http.GetAsync($"/_skerry/objects/scripted/{id}/1", TestContext.Current.CancellationToken)).StatusCode);
        using var stranger = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } });
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => stranger.GetAsync(new Uri(fleet.Nodes[0].NodeAddress, $"/_skerry/objects/scripted/{id}/1"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_object_passes_a_request_on_to_an_object_on_another_node()
    {
        await using var fleet = await TestFleet.StartAsync(servers, 2);
        await CallerOf(fleet, "inner");
        var node = fleet.NodeOf("inner");
        var outer = "";
        for (var i = 0; outer.Length == 0; i++)
        {
            await fleet.Nodes[0].Run($"outer{i}", static o => o.Memory.Count);
            outer = fleet.NodeOf($"outer{i}") != node ? $"outer{i}" : "";
        }

        fleet.Scripts.For("inner").Fetch = static (_, http) => http.Response.WriteAsync("from inside");
        fleet.Scripts.For(outer).Fetch = (o, http) =>
        {
            // What follows has to wait for this write.
            o.Insert();
            return fleet.NodeOf(outer).Objects.GetByName("inner").Fetch(http);
        };
        Assert.Equal("from inside", await fleet.NodeOf(outer).Http.GetStringAsync($"/objects/scripted/{outer}/", TestContext.Current.CancellationToken));
    }

    private static async Task<string> Ask(ClientWebSocket client, string text)
    {
        await client.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, TestContext.Current.CancellationToken);
        var buffer = new byte[256];
        var received = await client.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, received.Count);
    }

    private static async Task<(int Status, string Code)> ErrorOf(FleetNode caller, string name)
    {
        using var response = await caller.Http.GetAsync($"/objects/scripted/{name}/", TestContext.Current.CancellationToken);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, body.GetProperty("errors")[0].GetProperty("code").GetString()!);
    }

    /// <summary>A node that does not have the object, which is in memory elsewhere.</summary>
    private static async Task<FleetNode> CallerOf(TestFleet fleet, string name)
    {
        await fleet.Nodes[0].Run(name, static o => o.Memory.Count);
        return fleet.OtherThan(fleet.NodeOf(name));
    }
}
