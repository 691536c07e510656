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
    // Connections of which nobody knows yet whose they are. Nodes speak first and at once: when there are too many, the
    // oldest is none.
    private const int StrangersMax = 128;

    private static readonly TimeSpan StrangerFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(50);

    private readonly Socket _listening;
    private readonly Func<RelayServer?> _streams;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly Channel<ConnectionContext> _https = Channel.CreateUnbounded<ConnectionContext>();
    private readonly LinkedList<(Socket Socket, long Since)> _strangers = [];
    private readonly Timer _late;
    private readonly Task _accepting;

    /// <summary>Begins to listen.</summary>
    public NodeConnections(Socket bound, Func<RelayServer?> streams, ILoggerFactory loggers)
    {
        _listening = bound;
        _streams = streams;
        _contexts = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), loggers.CreateLogger<NodeConnections>());
        EndPoint = bound.LocalEndPoint!;
        bound.Listen();
        _late = new Timer(static all => ((NodeConnections)all!).EndLate(), this, StrangerFor, TimeSpan.FromSeconds(1));
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
        await _late.DisposeAsync().ConfigureAwait(false);
        lock (_strangers)
        {
            foreach (var (socket, _) in _strangers)
            {
                socket.Dispose();
            }

            _strangers.Clear();
        }
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
        try
        {
            while (true)
            {
                try
                {
                    Take(await _listening.AcceptAsync().ConfigureAwait(false));
                }
                catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
                {
                    return;
                }
                catch (SocketException)
                {
                    // The caller is gone already, or there are too many files open: others may still come.
                    await Task.Delay(Again, TimeProvider.System).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            _https.Writer.TryComplete();
        }
    }

    private void Take(Socket socket)
    {
        lock (_strangers)
        {
            if (_strangers.Count == StrangersMax)
            {
                // A node would have spoken long ago.
                _strangers.First!.Value.Socket.Dispose();
                _strangers.RemoveFirst();
            }

            _strangers.AddLast((socket, Environment.TickCount64));
        }

        try
        {
            new Thread(() => Part(socket), 512 << 10) { IsBackground = true, Name = "skerry from a node" }.Start();
        }
        catch (OutOfMemoryException)
        {
            Forget(socket);
            socket.Dispose();
        }
    }

    // Whoever is no stranger any more is known to somebody else.
    private void Forget(Socket socket)
    {
        lock (_strangers)
        {
            for (var one = _strangers.First; one is not null; one = one.Next)
            {
                if (one.Value.Socket == socket)
                {
                    _strangers.Remove(one);
                    return;
                }
            }
        }
    }

    // A limit for each read would let a caller take all the time he likes, byte by byte.
    private void EndLate()
    {
        lock (_strangers)
        {
            while (_strangers.First is { } oldest && Environment.TickCount64 - oldest.Value.Since > StrangerFor.TotalMilliseconds)
            {
                oldest.Value.Socket.Dispose();
                _strangers.RemoveFirst();
            }
        }
    }

    private void Part(Socket socket)
    {
        try
        {
            Span<byte> first = stackalloc byte[1];
            if (socket.Receive(first, SocketFlags.Peek) > 0)
            {
                if (first[0] != RelayServer.StreamMark)
                {
                    Forget(socket);
                    Pass(socket);
                    return;
                }

                _streams()?.ServeStream(socket, () => Forget(socket));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The caller is gone, or has taken too long, or the node stops.
        }

        Forget(socket);
        socket.Dispose();
    }

    private void Pass(Socket socket)
    {
        // As Kestrel has it with what it accepts itself.
        socket.NoDelay = true;
        var connection = _contexts.Create(socket);
        if (!_https.Writer.TryWrite(connection))
        {
            connection.Abort();
        }
    }
}
