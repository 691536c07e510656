using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Integration.Bucket;

/// <summary>What the way to the bucket does.</summary>
internal enum BucketWay
{
    /// <summary>It leads there.</summary>
    Open,

    /// <summary>Each request is answered that the server is overloaded.</summary>
    Answers503,

    /// <summary>Connections are taken, and nothing is ever answered.</summary>
    Hangs,

    /// <summary>Connections are refused.</summary>
    Refuses,
}

/// <summary>
/// Stands between nodes and a real S3 server, on a port that stays the same. Switching it cuts every connection, so that
/// no request is older than the way that it takes.
/// </summary>
internal sealed class BucketSwitch : IAsyncDisposable
{
    private const string Overloaded =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";

    private readonly int _server;
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _serving = [];
    private CancellationTokenSource _cut = new();
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;
    private BucketWay _way;

    /// <summary>Opens a way to a server on loopback.</summary>
    public BucketSwitch(int server)
    {
        _server = server;
        Listen(0);
        Port = ((IPEndPoint)_listener!.LocalEndpoint).Port;
    }

    /// <summary>Where nodes reach the bucket.</summary>
    public int Port { get; }

    /// <summary>Makes the way another one from now on.</summary>
    public async Task TurnAsync(BucketWay way)
    {
        await EndAsync();
        _way = way;
        _cut = new CancellationTokenSource();
        if (way != BucketWay.Refuses)
        {
            Listen(Port);
        }
    }

    private void Listen(int port)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Start(512);
        _accepting = AcceptAsync(_listener, _cut.Token);
    }

    private async Task AcceptAsync(TcpListener listener, CancellationToken cut)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(cut);
                client.NoDelay = true;
                var serving = ServeAsync(client, _way, cut);
                lock (_lock)
                {
                    _serving.RemoveWhere(static one => one.IsCompleted);
                    _serving.Add(serving);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client, BucketWay way, CancellationToken cut)
    {
        using (client)
        {
            try
            {
                switch (way)
                {
                    case BucketWay.Open:
                        await PassAsync(client, cut);
                        break;
                    case BucketWay.Answers503:
                        await RefuseAsync(client.GetStream(), cut);
                        break;
                    default:
                        await Task.Delay(Timeout.Infinite, cut);
                        break;
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
            {
                // Cut, by the switch or by one of the ends.
            }
        }
    }

    private async Task PassAsync(TcpClient client, CancellationToken cut)
    {
        using var server = new TcpClient { NoDelay = true };
        await server.ConnectAsync(IPAddress.Loopback, _server, cut);
        var (near, far) = (client.GetStream(), server.GetStream());
        await await Task.WhenAny(near.CopyToAsync(far, cut), far.CopyToAsync(near, cut));
    }

    // Reads to the end of the headers, answers and closes: whatever body there is, nobody takes it.
    private static async Task RefuseAsync(NetworkStream client, CancellationToken cut)
    {
        var buffer = new byte[64 << 10];
        var read = 0;
        while (buffer.AsSpan(0, read).IndexOf("\r\n\r\n"u8) < 0 && read < buffer.Length)
        {
            var more = await client.ReadAsync(buffer.AsMemory(read), cut);
            if (more == 0)
            {
                return;
            }

            read += more;
        }

        var answer = $"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/xml\r\nContent-Length: {Overloaded.Length}\r\nConnection: close\r\n\r\n";
        var isHead = buffer.AsSpan(0, read).StartsWith("HEAD "u8);
        await client.WriteAsync(Encoding.ASCII.GetBytes(isHead ? answer : answer + Overloaded), cut);
        client.Socket.Shutdown(SocketShutdown.Send);
        while (await client.ReadAsync(buffer, cut) > 0)
        {
        }
    }

    private async Task EndAsync()
    {
        await _cut.CancelAsync();
        _listener?.Dispose();
        _listener = null;
        await _accepting;
        Task[] serving;
        lock (_lock)
        {
            serving = [.. _serving];
            _serving.Clear();
        }

        await Task.WhenAll(serving);
        _cut.Dispose();
    }

    public async ValueTask DisposeAsync() => await EndAsync();
}
