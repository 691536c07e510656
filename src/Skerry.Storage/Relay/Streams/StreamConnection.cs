using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using Google.Protobuf;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Security;

namespace Skerry.Storage.Relay.Streams;

/// <summary>
/// A connection that carries messages both ways: TCP, <see cref="Preface"/>, TLS 1.3 with certificates on both sides, and
/// then each message behind its length (4 bytes, least significant first).
/// <para>
/// Reads and writes block. Whoever has frames waiting is woken by the kernel once and by nobody else; every hop to
/// another thread that an asynchronous read needs costs a good part of what a sync of the disk does.
/// </para>
/// One thread reads; any thread may write or close.
/// </summary>
internal sealed class StreamConnection : IDisposable
{
    private const int LengthBytes = 4;
    private const int SendTimeoutMs = 2_000;

    private readonly Socket _socket;
    private readonly SslStream _tls;
    private readonly Lock _writing = new();
    private byte[] _in = new byte[16 << 10];
    private byte[] _out = new byte[4 << 10];
    private int _start;
    private int _end;

    private StreamConnection(Socket socket)
    {
        _socket = socket;
        _tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
    }

    /// <summary>What the caller says before TLS begins, so that a listener can tell a stream from HTTPS by its first byte.</summary>
    public static ReadOnlySpan<byte> Preface => "SKERRY1\n"u8;

    /// <summary>Speaks first, over a connected socket.</summary>
    public static StreamConnection Call(Socket socket, NodeCertificates certificates, string host)
    {
        socket.NoDelay = true;

        // A peer that is frozen must not hold up a thread of this node for good.
        socket.SendTimeout = SendTimeoutMs;
        socket.Send(Preface);
        var connection = new StreamConnection(socket);
        var options = certificates.ClientOptions();
        options.TargetHost = host;
        try
        {
            connection._tls.AuthenticateAsClient(options);
            return connection;
        }
        catch
        {
            connection.Release();
            throw;
        }
    }

    /// <summary>Answers on an accepted socket.</summary>
    /// <exception cref="InvalidDataException">The caller speaks something else.</exception>
    public static StreamConnection Answer(Socket socket, NodeCertificates certificates, Action<string> refused)
    {
        socket.NoDelay = true;
        Span<byte> preface = stackalloc byte[Preface.Length];
        for (var read = 0; read < preface.Length;)
        {
            var bytes = socket.Receive(preface[read..]);
            read += bytes > 0 ? bytes : throw new IOException("the connection has ended");
        }

        if (!preface.SequenceEqual(Preface))
        {
            throw new InvalidDataException("a stream begins with its preface");
        }

        var connection = new StreamConnection(socket);
        try
        {
            connection._tls.AuthenticateAsServer(certificates.ServerOptions(refused));
            return connection;
        }
        catch
        {
            connection.Release();
            throw;
        }
    }

    /// <summary>True if so many bytes can be written without waiting for the peer, as far as one can know.</summary>
    public bool CanTake(int bytes) => bytes <= _socket.SendBufferSize / 8 && _socket.Poll(0, SelectMode.SelectWrite);

    /// <summary>True if more has come than was read. Only for the thread that reads.</summary>
    public bool HasMore => _end > _start || _socket.Available > 0;

    /// <summary>Writes a message; blocks while the peer takes none.</summary>
    public void Write(IMessage message)
    {
        lock (_writing)
        {
            var length = message.CalculateSize();
            if (_out.Length < LengthBytes + length)
            {
                _out = new byte[LengthBytes + length];
            }

            BinaryPrimitives.WriteInt32LittleEndian(_out, length);
            message.WriteTo(_out.AsSpan(LengthBytes, length));
            _tls.Write(_out, 0, LengthBytes + length);
        }
    }

    /// <summary>Nothing more is written; the peer reads what was.</summary>
    public void EndWriting()
    {
        lock (_writing)
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
    }

    /// <summary>The next message; null if the peer has ended the connection after one.</summary>
    /// <exception cref="InvalidDataException">What comes is no message.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public T? Read<T>(MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        if (!Fill(LengthBytes))
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(_in.AsSpan(_start));
        if (length is < 0 or > RelayLimits.MessageBytesMax)
        {
            throw new InvalidDataException($"a message of {length} bytes was announced; at most {RelayLimits.MessageBytesMax} are accepted");
        }

        _start += LengthBytes;
        if (!Fill(length))
        {
            throw new IOException("the connection has ended within a message");
        }

        var message = parser.ParseFrom(_in.AsSpan(_start, length));
        _start += length;
        return message;
    }

    /// <summary>Reads whatever comes until the peer ends the connection, so that it has read everything that it was sent.</summary>
    public void Drain()
    {
        while (_tls.Read(_in) > 0)
        {
        }
    }

    /// <summary>Ends the connection; a thread that reads or writes is set free with an error.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>Ends the connection, and frees what TLS holds. For the thread that reads, when it has read its last.</summary>
    public void Release()
    {
        _socket.Dispose();
        lock (_writing)
        {
            _tls.Dispose();
        }
    }

    // False if there is nothing more, which is only in order between two messages.
    private bool Fill(int bytes)
    {
        if (_end - _start >= bytes)
        {
            return true;
        }

        var rest = _in.AsSpan(_start, _end - _start);
        if (bytes > _in.Length)
        {
            var larger = new byte[bytes];
            rest.CopyTo(larger);
            _in = larger;
        }
        else
        {
            rest.CopyTo(_in);
        }

        (_start, _end) = (0, rest.Length);
        while (_end < bytes)
        {
            var read = _tls.Read(_in.AsSpan(_end));
            if (read == 0)
            {
                return _end == 0 && bytes == LengthBytes ? false : throw new IOException("the connection has ended within a message");
            }

            _end += read;
        }

        return true;
    }
}
