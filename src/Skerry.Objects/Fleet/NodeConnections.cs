using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Relay.Grpc;

namespace Skerry.Objects.Fleet;

/// <summary>
/// The connections of one listener for nodes. A connection's first byte says whose it is; until it has come, the
/// connection has a thread of its own, which a stream then keeps: its reads block, and a socket that was once read
/// asynchronously cannot do that without a hop to another thread.
/// </summary>
internal sealed class NodeConnections : IConnectionListener
{
    // Connections that have said nothing yet. Nodes speak first and at once.
    private const int SilentMax = 64;

    private static readonly TimeSpan SilentFor = TimeSpan.FromSeconds(5);

    private readonly Socket _listening;
    private readonly Func<GrpcRelayServer?> _streams;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly Channel<ConnectionContext> _https = Channel.CreateUnbounded<ConnectionContext>();
    private readonly Task _accepting;
    private int _silent;

    /// <summary>Begins to listen.</summary>
    public NodeConnections(Socket bound, Func<GrpcRelayServer?> streams, ILoggerFactory loggers)
    {
        _listening = bound;
        _streams = streams;
        _contexts = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), loggers.CreateLogger<NodeConnections>());
        EndPoint = bound.LocalEndPoint!;
        bound.Listen();
        _accepting = AcceptAllAsync();
    }

    /// <inheritdoc/>
    public EndPoint EndPoint { get; }

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _https.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_https.Reader.TryRead(out var connection))
            {
                return connection;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _listening.Dispose();
        await _accepting.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync().ConfigureAwait(false);
        while (_https.Reader.TryRead(out var connection))
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        _contexts.Dispose();
    }

    private async Task AcceptAllAsync()
    {
        while (true)
        {
            try
            {
                Take(await _listening.AcceptAsync().ConfigureAwait(false));
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                _https.Writer.TryComplete();
                return;
            }
            catch (SocketException)
            {
                // The caller is gone already, or there are too many files open: others may still come.
                await Task.Yield();
            }
        }
    }

    private void Take(Socket socket)
    {
        if (Interlocked.Increment(ref _silent) > SilentMax)
        {
            Interlocked.Decrement(ref _silent);
            socket.Dispose();
            return;
        }

        new Thread(() => Part(socket), 512 << 10) { IsBackground = true, Name = "skerry from a node" }.Start();
    }

    private void Part(Socket socket)
    {
        Span<byte> first = stackalloc byte[1];
        try
        {
            socket.ReceiveTimeout = (int)SilentFor.TotalMilliseconds;
            if (socket.Receive(first, SocketFlags.Peek) == 0)
            {
                first[0] = 0;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            first[0] = 0;
        }
        finally
        {
            Interlocked.Decrement(ref _silent);
        }

        if (first[0] == GrpcRelayServer.StreamMark && _streams() is { } streams)
        {
            streams.ServeStream(socket);
        }
        else if (first[0] == 0 || first[0] == GrpcRelayServer.StreamMark || !TryPass(socket))
        {
            socket.Dispose();
        }
    }

    private bool TryPass(Socket socket)
    {
        try
        {
            socket.ReceiveTimeout = 0;
            var connection = _contexts.Create(socket);
            if (_https.Writer.TryWrite(connection))
            {
                return true;
            }

            connection.Abort();
            return false;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
