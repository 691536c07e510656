using System.Net;
using System.Net.Sockets;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>Answers every connection with the beginning of HTTP without TLS.</summary>
internal sealed class HttpListenerOnLoopback : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public HttpListenerOnLoopback()
    {
        _listener.Start();
        Address = _listener.LocalEndpoint.ToString()!;
        _ = AnswerAsync();
    }

    public string Address { get; }

    public void Dispose() => _listener.Dispose();

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                await client.GetStream().ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false);
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException or IOException)
        {
            // The test is over.
        }
    }
}
