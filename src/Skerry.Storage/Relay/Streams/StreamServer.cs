using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Grpc.Wire;
using Skerry.Storage.Relay.Security;

namespace Skerry.Storage.Relay.Streams;

/// <summary>Answers leaders' streams, each on the thread that it is given. Thread-safe.</summary>
internal sealed class StreamServer(IRelayService service, RelayIdentity identity, RelayAdmission admission, NodeCertificates certificates, ILogger logger)
{
    private static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(5);

    // Leaders send a heartbeat ten times a second.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(5);

    private readonly RefusedCallers _refused = new(logger, TimeProvider.System, certificates.Hint);
    private readonly Dictionary<Socket, LeaderStream?> _open = [];
    private bool _stopped;

    /// <summary>Serves a connection whose first byte is that of <see cref="StreamConnection.Preface"/>, until it ends.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="admitted">Called when the caller has shown to be a node of this cluster, and has said hello.</param>
    public void Serve(Socket socket, Action admitted)
    {
        lock (_open)
        {
            if (_stopped)
            {
                socket.Dispose();
                return;
            }

            _open.Add(socket, null);
        }

        try
        {
            Serve(socket, Shown(socket), admitted);
        }
        catch (Exception e) when (PeerFailure.IsOne(e))
        {
            // The caller is gone, or was none of this cluster, which has been told.
        }
        catch (Exception e)
        {
            // Nothing that a peer sends may end the process.
            RelayLog.StreamFailed(logger, socket.SafeHandle.IsClosed ? "" : Shown(socket), e);
        }
        finally
        {
            lock (_open)
            {
                _open.Remove(socket);
            }

            socket.Dispose();
        }
    }

    private static string Shown(Socket socket) => socket.RemoteEndPoint?.ToString() ?? "";

    /// <summary>Ends all streams, and answers no new ones. Leaders turn to other followers.</summary>
    public void Stop()
    {
        KeyValuePair<Socket, LeaderStream?>[] open;
        lock (_open)
        {
            _stopped = true;
            open = [.. _open];
        }

        foreach (var (socket, stream) in open)
        {
            if (stream is null)
            {
                socket.Dispose();
            }
            else
            {
                stream.Ended(new StorageException("The node is stopping."));
            }
        }
    }

    /// <summary>Closes what is still open.</summary>
    public void Close()
    {
        Stop();
        lock (_open)
        {
            foreach (var socket in _open.Keys)
            {
                socket.Dispose();
            }
        }
    }

    private void Serve(Socket socket, string peer, Action admitted)
    {
        socket.ReceiveTimeout = socket.SendTimeout = (int)HelloTimeout.TotalMilliseconds;
        var connection = StreamConnection.Answer(
            socket, certificates, objection => _refused.Add(peer, objection));
        try
        {
            Serve(socket, connection, peer, admitted);
        }
        finally
        {
            connection.Release();
        }
    }

    private void Serve(Socket socket, StreamConnection connection, string peer, Action admitted)
    {
        var hello = connection.Read(FromLeader.Parser)?.Hello;
        if (hello is null)
        {
            return;
        }

        if (admission.Objection(hello.Identity, peer) is { } objection)
        {
            connection.Write(new FromFollower { Ended = new() { Reason = objection, Identity = identity.ToWire() } });
            connection.EndWriting();
            connection.Drain();
            return;
        }

        admitted();
        socket.ReceiveTimeout = (int)SilenceMax.TotalMilliseconds;
        var stream = new LeaderStream(connection, identity.ToWire());
        lock (_open)
        {
            if (_stopped)
            {
                return;
            }

            _open[socket] = stream;
        }

        stream.Run(service, new FollowHello(hello.Leader.ToNode(), hello.UploadedTo));
    }
}
