using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Skerry.Objects.Tests.Hosting;
using Skerry.Storage.Tests.Log;

namespace Skerry.Objects.Tests.Loop;

/// <summary>
/// Every way out of an object, each shown to stay shut while the disk does not confirm and to stay shut for good if it
/// never does. The disk is real; its syncs are held up.
/// </summary>
public sealed class OutputGateTests : IAsyncLifetime
{
    private TestNode _node = null!;

    private FaultyFiles Disk => _node.Files;

    public async ValueTask InitializeAsync()
    {
        _node = await TestNode.StartAsync();
        await _node.Run("o", o => o.Insert());
        await _node.Run("other", o => o.Insert());
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_result_or_exception_waits_for_confirmation(bool throws)
    {
        Task call;
        using (Disk.HoldSyncs())
        {
            call = _node.Run("o", o =>
            {
                o.Insert();
                return throws ? throw new KeyNotFoundException() : true;
            });
            await Disk.SyncReached.WaitAsync(TestNode.Bound);
            Assert.False(call.IsCompleted);

            // What was written later is nothing that an object without writes would wait for.
            Assert.Equal(1, await _node.Run("other", o => o.Count));
        }

        await (throws ? Assert.ThrowsAsync<KeyNotFoundException>(() => call) : call).WaitAsync(TestNode.Bound);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failed_confirmation_fails_the_caller_and_resets_the_object(bool throws)
    {
        Task call;
        using (Disk.HoldSyncs())
        {
            call = _node.Run("o", o =>
            {
                o.Insert();
                o.Memory.Add("lost");
                return throws ? throw new KeyNotFoundException() : true;
            });
            await Disk.SyncReached.WaitAsync(TestNode.Bound);
            Disk.SyncError = FaultyFiles.BrokenDisk();
        }

        var error = await Assert.ThrowsAsync<DurableObjectException>(() => call.WaitAsync(TestNode.Bound));
        Assert.Equal("storage_failed", error.Code);
        Assert.True(error.Retryable);
        Disk.SyncError = null;
        await _node.RestartAsync();
        Assert.Equal(1, await _node.Run("o", o => o.Count + o.Memory.Count));
    }

    [Fact]
    public async Task A_full_disk_fails_the_write_and_the_next_call_starts_from_confirmed_state()
    {
        Disk.WriteError = FaultyFiles.FullDisk();
        var error = await Assert.ThrowsAsync<DurableObjectException>(() => _node.Run("o", o =>
        {
            o.Insert();
            o.Memory.Add("lost");
        }));
        Assert.Equal("storage_failed", error.Code);
        Assert.Equal(1, await _node.Run("o", o => o.Count + o.Memory.Count));
        Disk.WriteError = null;
        await TestNode.Until(() => TryInsert().Wait(TestNode.Bound) && TryInsert().Result);

        async Task<bool> TryInsert()
        {
            try
            {
                await _node.Run("o", o => o.Insert());
                return true;
            }
            catch (DurableObjectException)
            {
                return false;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Calls_to_other_objects_wait_for_the_writes_before_them_and_keep_their_order(bool fails)
    {
        Task call;
        using (Disk.HoldSyncs())
        {
            call = _node.Do("o", async o =>
            {
                var before = _node.Run("other", x => x.Memory.Add("before"));
                o.Insert();
                var calls = Enumerable.Range(0, 10).Select(i => _node.Run("other", x => x.Memory.Add($"{i}"))).ToArray();
                await before;
                await Task.WhenAll(calls);
            });
            await Disk.SyncReached.WaitAsync(TestNode.Bound);
            await TestNode.Until(() => Remembered() == "before");
            Disk.SyncError = fails ? FaultyFiles.BrokenDisk() : null;
        }

        if (fails)
        {
            await Assert.ThrowsAsync<DurableObjectException>(() => call.WaitAsync(TestNode.Bound));
            Assert.Equal("before", Remembered());
            Disk.SyncError = null;
        }
        else
        {
            await call.WaitAsync(TestNode.Bound);
            Assert.Equal("before 0 1 2 3 4 5 6 7 8 9", Remembered());
        }

        string Remembered() => _node.Run("other", x => string.Join(' ', x.Memory)).GetAwaiter().GetResult();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Http_requests_wait(bool fails)
    {
        var arrived = 0;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var receiver = builder.Build();
        receiver.Run(context =>
        {
            Interlocked.Increment(ref arrived);
            return context.Response.WriteAsync("got it");
        });
        await receiver.StartAsync();
        Task<object?> call;
        using (Disk.HoldSyncs())
        {
            call = _node.Objects.GetByName("o").Run(Script.Keep(async o =>
            {
                o.Insert();
                return await o.Context.Http.GetStringAsync(receiver.Urls.First());
            }));
            await Disk.SyncReached.WaitAsync(TestNode.Bound);
            Assert.Equal(0, Volatile.Read(ref arrived));
            Disk.SyncError = fails ? FaultyFiles.BrokenDisk() : null;
        }

        if (fails)
        {
            await Assert.ThrowsAsync<DurableObjectException>(() => call.WaitAsync(TestNode.Bound));
            Disk.SyncError = null;
        }
        else
        {
            Assert.Equal("got it", await call.WaitAsync(TestNode.Bound));
        }

        Assert.Equal(fails ? 0 : 1, arrived);
    }

    [Theory]
    [InlineData(10, false, false)]
    [InlineData(10, true, false)]
    [InlineData(10, false, true)]
    [InlineData(1 << 20, false, false)]
    [InlineData(1 << 20, false, true)]
    public async Task Http_responses_wait_with_status_headers_and_body(int bytes, bool flush, bool fails)
    {
        _node.Scripts.For("o").Fetch = async (o, http) =>
        {
            o.Insert();
            http.Response.StatusCode = 201;
            http.Response.Headers["X-Told"] = "yes";
            await http.Response.WriteAsync(new string('x', bytes));
            if (flush)
            {
                await http.Response.Body.FlushAsync();
                o.Insert();
                await http.Response.WriteAsync("y");
            }
        };
        Task<HttpResponseMessage> request;
        using (Disk.HoldSyncs())
        {
            request = _node.Http.GetAsync(_node.AddressOf("o"), HttpCompletionOption.ResponseHeadersRead);
            await Disk.SyncReached.WaitAsync(TestNode.Bound);
            Assert.False(request.IsCompleted);
            Disk.SyncError = fails ? FaultyFiles.BrokenDisk() : null;
        }

        using var response = await request.WaitAsync(TestNode.Bound);
        Disk.SyncError = null;
        var body = await response.Content.ReadAsStringAsync();
        if (fails)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.False(response.Headers.Contains("X-Told"));
            Assert.Contains("storage_failed", body, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            Assert.Equal(bytes + (flush ? 1 : 0), body.Length);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WebSocket_frames_wait(bool fails)
    {
        var script = _node.Scripts.For("o");
        script.Fetch = (o, http) => o.Context.AcceptWebSocket(http);
        script.Message = (o, socket, message) =>
        {
            socket.Send("before");
            o.Insert();
            socket.Send("after");
            return Task.CompletedTask;
        };
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new UriBuilder(_node.AddressOf("o")) { Scheme = "ws" }.Uri, CancellationToken.None);
        var frame = new byte[100];
        Task<WebSocketReceiveResult> next;
        using (Disk.HoldSyncs())
        {
            await client.SendAsync("go"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
            var first = await client.ReceiveAsync(frame, CancellationToken.None).WaitAsync(TestNode.Bound);
            Assert.Equal("before", Encoding.UTF8.GetString(frame, 0, first.Count));
            next = client.ReceiveAsync(frame, CancellationToken.None);
            await Disk.SyncReached.WaitAsync(TestNode.Bound);
            Assert.False(next.IsCompleted);
            Disk.SyncError = fails ? FaultyFiles.BrokenDisk() : null;
        }

        if (fails)
        {
            await TestNode.Until(() => _node.Find("o") is null);
            Assert.False(next.IsCompleted);
            Disk.SyncError = null;
        }
        else
        {
            Assert.Equal("after", Encoding.UTF8.GetString(frame, 0, (await next.WaitAsync(TestNode.Bound)).Count));
        }

        client.Abort();
        await Task.WhenAny(next);
    }

    [Fact]
    public async Task An_alarm_has_not_succeeded_before_it_is_confirmed()
    {
        _node.Scripts.For("o").Alarm = (o, _) =>
        {
            o.Insert();
            return Task.CompletedTask;
        };
        using (Disk.HoldSyncs())
        {
            var set = _node.Run("o", o => o.Storage.SetAlarm(DateTimeOffset.UnixEpoch.AddSeconds(1)));
            await Disk.SyncReached.WaitAsync(TestNode.Bound);
            Assert.False(set.IsCompleted);
        }

        await TestNode.Until(() => _node.Run("o", o => o.Count).GetAwaiter().GetResult() == 2);
        Assert.True(await _node.Run("o", o => o.Storage.GetAlarm() is null));
    }
}
