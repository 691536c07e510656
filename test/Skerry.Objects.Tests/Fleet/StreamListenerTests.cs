using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Security;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>What a listener for nodes makes of connections that are neither good streams nor HTTPS.</summary>
public sealed class StreamListenerTests : IDisposable
{
    private static readonly NodeInfo Leader = new(new(7), new(0x1234), "a", "north", "127.0.0.1:1");

    private readonly NodeCertificates _certificates = TestCertificates.FromNewKey();
    private readonly RecordingService _service = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("SKERRY9\n")]
    [InlineData("SKERRY1\nGET / HTTP/1.1\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\0\0\0\0")]
    public async Task Strangers_are_cut_off_and_the_listener_goes_on(string said)
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        using var stranger = await Connect(node);
        await stranger.SendAsync(System.Text.Encoding.Latin1.GetBytes(said), Cancel);
        stranger.Shutdown(SocketShutdown.Send);
        await Ended(stranger);
        await Streams(node);
    }

    [Fact]
    public async Task A_caller_of_another_cluster_key_gets_no_further_than_the_handshake()
    {
        using var others = TestCertificates.FromNewKey();
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        using var socket = await Connect(node);
        await socket.SendAsync("SKERRY1\n"u8.ToArray(), Cancel);
        await using var tls = new SslStream(new NetworkStream(socket));
        var options = others.ClientOptions();
        options.TargetHost = "127.0.0.1";
        options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        try
        {
            await tls.AuthenticateAsClientAsync(options, Cancel);
            Assert.Equal(0, await tls.ReadAsync(new byte[1], Cancel));
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            // As the handshake of TLS 1.3 has it, a client may learn of its refusal early or late.
        }

        Assert.False(_service.Followed.Task.IsCompleted);
        Assert.Contains(node.Log.All, line => line.Contains("another cluster key", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(-1)]
    [InlineData(RelayLimits.MessageBytesMax + 1)]
    [InlineData(5)]
    public async Task A_node_whose_messages_are_none_is_cut_off(int length)
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        using var socket = await Connect(node);
        await socket.SendAsync("SKERRY1\n"u8.ToArray(), Cancel);
        await using var tls = new SslStream(new NetworkStream(socket));
        var options = _certificates.ClientOptions();
        options.TargetHost = "127.0.0.1";
        await tls.AuthenticateAsClientAsync(options, Cancel);
        var message = new byte[9];
        BinaryPrimitives.WriteInt32LittleEndian(message, length);
        message.AsSpan(4).Fill(0xff);
        await tls.WriteAsync(message, Cancel);
        await tls.FlushAsync(Cancel);
        try
        {
            while (await tls.ReadAsync(new byte[256], Cancel) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Cut off, rather than ended.
        }

        Assert.False(_service.Followed.Task.IsCompleted);
        await Streams(node);
    }

    [Fact]
    public async Task Connections_that_say_nothing_keep_nobody_out()
    {
        await using var node = await RelayNode.StartAsync(_service, _certificates);
        var silent = new List<Socket>();
        for (var i = 0; i < 300; i++)
        {
            silent.Add(await Connect(node));
        }

        // The oldest have made room, and nodes come in while the others stay.
        await Ended(silent[0]);
        await Streams(node);
        Assert.Equal(2, (await node.Transport.GreetAsync(node.Address, Leader, Cancel)).Count);
        Assert.False(silent[^1].Poll(0, SelectMode.SelectRead));
        silent.ForEach(static one => one.Dispose());
    }

    private static async Task<Socket> Connect(RelayNode node)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(node.Address), Cancel);
        return socket;
    }

    // By the end of the connection, or by its reset.
    private static async Task Ended(Socket socket)
    {
        try
        {
            while (await socket.ReceiveAsync(new byte[256], Cancel) > 0)
            {
            }
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
        {
        }
    }

    private static async Task Streams(RelayNode node)
    {
        while (true)
        {
            try
            {
                await using var stream = await node.Transport.ConnectAsync(node.Info, new(Leader, 0), new RecordingEvents(), Cancel);
                return;
            }
            catch (PeerUnreachableException)
            {
                // The last of the strangers may not have been noticed to be gone yet.
                await Task.Delay(20, Cancel);
            }
        }
    }
}
