using System.Net.WebSockets;
using System.Text;
using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.WebSockets;

public sealed class HibernationTests(TestNode node) : IClassFixture<TestNode>
{
    [Fact]
    public async Task A_message_brings_an_evicted_object_back_with_tags_and_attachment()
    {
        var script = Accepting("hibernate", "red", "big");
        script.Message = (o, socket, message) =>
        {
            var seen = socket.DeserializeAttachment<int>() + 1;
            socket.SerializeAttachment(seen);
            socket.Send($"{message.Text} {seen} {string.Join(',', socket.Tags)} {o.Context.GetWebSockets("red").Count} {o.Context.GetWebSockets("blue").Count}");
            return Task.CompletedTask;
        };
        using var client = await Connect("hibernate");
        Assert.Equal("a 1 red,big 1 0", await Ask(client, "a"));
        await node.Evict("hibernate");
        Assert.Equal("b 2 red,big 1 0", await Ask(client, "b"));
        Assert.Equal(2, script.Begun);
    }

    [Fact]
    public async Task Messages_arrive_in_order_while_the_object_comes_back()
    {
        var script = Accepting("ordered");
        script.Message = (o, socket, message) =>
        {
            o.Insert();
            socket.Send(message.Text);
            return Task.CompletedTask;
        };
        using var client = await Connect("ordered");
        for (var round = 0; round < 5; round++)
        {
            await node.Evict("ordered");
            for (var i = 0; i < 50; i++)
            {
                await Send(client, $"{i}");
            }

            for (var i = 0; i < 50; i++)
            {
                Assert.Equal($"{i}", await Receive(client));
            }
        }
    }

    [Fact]
    public async Task An_automatic_response_does_not_wake_the_object()
    {
        var script = Accepting("auto");
        using var client = await Connect("auto");
        await node.Run("auto", o => o.Context.SetWebSocketAutoResponse("ping", "pong"));
        await node.Evict("auto");
        Assert.Equal("pong", await Ask(client, "ping"));
        Assert.Null(node.Find("auto"));
        Assert.Equal(1, script.Begun);
        Assert.True(await node.Run("auto", o => o.Context.GetWebSockets()[0].AutoResponseTime is not null));
    }

    [Fact]
    public async Task Close_codes_go_both_ways()
    {
        var script = Accepting("close");
        var told = new TaskCompletionSource<(int, bool)>();
        script.Closed = (_, _, code, clean) =>
        {
            told.TrySetResult((code, clean));
            return Task.CompletedTask;
        };
        using (var client = await Connect("close"))
        {
            await client.CloseAsync((WebSocketCloseStatus)4001, "mine", CancellationToken.None).WaitAsync(TestNode.Bound);
            Assert.Equal((4001, true), await told.Task.WaitAsync(TestNode.Bound));
        }

        script.Message = (_, socket, _) =>
        {
            socket.Send("last");
            socket.Close(4002, "theirs");
            return Task.CompletedTask;
        };
        using (var client = await Connect("close"))
        {
            Assert.Equal("last", await Ask(client, "go"));
            var end = await client.ReceiveAsync(new byte[10], CancellationToken.None).WaitAsync(TestNode.Bound);
            Assert.Equal((4002, "theirs"), ((int)end.CloseStatus!, end.CloseStatusDescription));
            await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        }

        await TestNode.Until(() => node.Run("close", o => o.Context.GetWebSockets().Count).GetAwaiter().GetResult() == 0);
    }

    [Fact]
    public async Task A_lost_connection_is_told_as_1006_even_to_an_evicted_object()
    {
        var script = Accepting("lost");
        var told = new TaskCompletionSource<(int, bool)>();
        script.Closed = (_, _, code, clean) =>
        {
            told.TrySetResult((code, clean));
            return Task.CompletedTask;
        };
        using var client = await Connect("lost");
        await node.Evict("lost");
        client.Abort();
        Assert.Equal((1006, false), await told.Task.WaitAsync(TestNode.Bound));
    }

    [Fact]
    public async Task A_message_that_is_too_large_closes_with_1009()
    {
        var script = Accepting("large");
        var told = new TaskCompletionSource<int>();
        script.Closed = (_, _, code, _) =>
        {
            told.TrySetResult(code);
            return Task.CompletedTask;
        };
        using var client = await Connect("large");
        await client.SendAsync(new byte[(32 << 20) + 1], WebSocketMessageType.Binary, true, CancellationToken.None).WaitAsync(TestNode.Bound);
        var end = await client.ReceiveAsync(new byte[10], CancellationToken.None).WaitAsync(TestNode.Bound);
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, end.CloseStatus);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        Assert.Equal(1009, await told.Task.WaitAsync(TestNode.Bound));
    }

    [Fact]
    public async Task A_reader_that_does_not_read_is_disconnected()
    {
        var script = Accepting("slow");
        var told = new TaskCompletionSource<int>();
        script.Closed = (_, _, code, _) =>
        {
            told.TrySetResult(code);
            return Task.CompletedTask;
        };
        script.Message = (_, socket, _) =>
        {
            var frame = new byte[64 << 10];
            for (var i = 0; i < 2_000; i++)
            {
                socket.Send(frame);
            }

            return Task.CompletedTask;
        };
        using var client = await Connect("slow");
        await Send(client, "go");
        Assert.Equal(1006, await told.Task.WaitAsync(TestNode.Bound));
    }

    [Fact]
    public async Task A_request_that_fails_after_accepting_leaves_no_socket()
    {
        node.Scripts.For("half").Fetch = async (o, http) =>
        {
            await o.Context.AcceptWebSocket(http);
            throw new InvalidOperationException("after all");
        };
        await Assert.ThrowsAnyAsync<WebSocketException>(async () =>
        {
            // The connection ends before or after the client has seen that it was accepted.
            using var client = await Connect("half");
            await client.ReceiveAsync(new byte[10], CancellationToken.None).WaitAsync(TestNode.Bound);
        });
        await TestNode.Until(() => node.Run("half", o => o.Context.GetWebSockets().Count).GetAwaiter().GetResult() == 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stopping_says_1001_and_does_not_wait_for_pages_that_stay_open(bool answers)
    {
        var stopping = await TestNode.StartAsync();
        stopping.Scripts.For("open").Fetch = (o, http) => o.Context.AcceptWebSocket(http);
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new UriBuilder(stopping.AddressOf("open")) { Scheme = "ws" }.Uri, CancellationToken.None);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var stop = stopping.StopAsync();
        var end = await client.ReceiveAsync(new byte[10], CancellationToken.None).WaitAsync(TestNode.Bound);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, end.CloseStatus);
        if (answers)
        {
            await client.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "", CancellationToken.None);
        }

        await stop.WaitAsync(TestNode.Bound);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
        await stopping.DisposeAsync();
    }

    private Script Accepting(string name, params string[] tags)
    {
        var script = node.Scripts.For(name);
        script.Fetch = (o, http) => o.Context.AcceptWebSocket(http, tags);
        return script;
    }

    private async Task<ClientWebSocket> Connect(string name)
    {
        var client = new ClientWebSocket();
        await client.ConnectAsync(new UriBuilder(node.AddressOf(name)) { Scheme = "ws" }.Uri, CancellationToken.None).WaitAsync(TestNode.Bound);
        return client;
    }

    private static async Task<string> Ask(ClientWebSocket client, string text)
    {
        await Send(client, text);
        return await Receive(client);
    }

    private static Task Send(ClientWebSocket client, string text) =>
        client.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);

    private static async Task<string> Receive(ClientWebSocket client)
    {
        var buffer = new byte[1000];
        var received = await client.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(TestNode.Bound);
        return Encoding.UTF8.GetString(buffer, 0, received.Count);
    }
}
