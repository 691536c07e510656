using System.Net;
using System.Net.Sockets;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>Ports for servers that have to be told theirs before they start. No two calls in this process give the same. Thread-safe.</summary>
internal static class FreePort
{
    // Below those that systems give to outgoing connections: one of these may take a port between here and its use.
    private const int First = 10_300;
    private const int Count = 20_000;

    private static int s_last = Random.Shared.Next(Count);

    /// <summary>A port on loopback that nobody listens on.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref s_last) % Count);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
