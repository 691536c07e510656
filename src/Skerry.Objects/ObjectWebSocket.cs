using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Skerry.Objects.Loop;
using Skerry.Objects.WebSockets;

namespace Skerry.Objects;

/// <summary>
/// A WebSocket that an object accepted. It stays open while the object is out of memory; what the object wants to know
/// of it then goes into the attachment. Methods are for the object's own code, unless they say otherwise.
/// </summary>
public sealed class ObjectWebSocket
{
    private const int MessageBytesMax = 32 << 20;
    private const int AttachmentBytesMax = 16 << 10;

    // Frames that a slow reader may leave waiting before it is disconnected, and messages handled at once.
    private const int FramesMax = 1_024;
    private const int ConcurrentMessagesMax = 64;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly ObjectSockets _owner;
    private readonly WebSocket _connection;
    private readonly Channel<Frame> _frames = Channel.CreateBounded<Frame>(FramesMax);
    private readonly SemaphoreSlim _handling = new(ConcurrentMessagesMax);
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _tooBig;
    private byte[]? _attachment;
    private int _closing;

    internal ObjectWebSocket(ObjectSockets owner, WebSocket connection, string[] tags)
    {
        _owner = owner;
        _connection = connection;
        Tags = tags;
    }

    /// <summary>The tags it was accepted with.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>When the last automatic answer was given; null if none was. Thread-safe.</summary>
    public DateTimeOffset? AutoResponseTime { get; private set; }

    /// <summary>True until either side closes. Thread-safe.</summary>
    public bool IsOpen => Volatile.Read(ref _closing) == 0 && _connection.State == WebSocketState.Open;

    /// <summary>Sends a text message, after the writes made before it are confirmed. Answers at once; order is kept.</summary>
    public void Send(string text) => Leave(new Frame(WebSocketMessageType.Text, Encoding.UTF8.GetBytes(text), 0));

    /// <summary>Sends a binary message; see <see cref="Send(string)"/>.</summary>
    public void Send(ReadOnlySpan<byte> data) => Leave(new Frame(WebSocketMessageType.Binary, data.ToArray(), 0));

    /// <summary>Closes, after what was sent before. Nothing happens if it is closed already.</summary>
    /// <param name="code">1000, or 3000 to 4999.</param>
    /// <param name="reason">At most 123 bytes of UTF-8.</param>
    public void Close(int code = 1000, string reason = "")
    {
        if (code != 1000 && code is < 3000 or > 4999)
        {
            throw new ArgumentOutOfRangeException(nameof(code), code, "A close code is 1000 or 3000 to 4999.");
        }

        if (Encoding.UTF8.GetByteCount(reason) > 123)
        {
            throw new ArgumentException("A close reason is at most 123 bytes.", nameof(reason));
        }

        Leave(new Frame(WebSocketMessageType.Close, Encoding.UTF8.GetBytes(reason), code));
    }

    /// <summary>Keeps a value with the socket: JSON, at most 16 KiB. It survives the object's leaving memory, not the connection.</summary>
    /// <exception cref="ArgumentException">It is larger than that.</exception>
    public void SerializeAttachment<T>(T value)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(value);
        _attachment = bytes.Length <= AttachmentBytesMax
            ? bytes
            : throw new ArgumentException($"The attachment takes {bytes.Length} bytes; at most {AttachmentBytesMax} are kept with a WebSocket.", nameof(value));
    }

    /// <summary>The value kept with the socket; default if there is none.</summary>
    public T? DeserializeAttachment<T>() => _attachment is null ? default : JsonSerializer.Deserialize<T>(_attachment);

    private void Leave(Frame frame)
    {
        var turn = TurnContext.Current
            ?? throw new InvalidOperationException("A durable object's WebSocket can only be used by the object's own code, on its event loop.");

        // Inside an async transaction that has written this throws: a rollback could not take the frame back.
        _ = turn.Loop.Owner.MayLeave();
        turn.Loop.Owner.Leave(new LeavingFrame(this, frame));
    }

    private void Enqueue(Frame frame)
    {
        if (!_frames.Writer.TryWrite(frame) && Interlocked.Exchange(ref _closing, 1) == 0)
        {
            // A reader this slow would have the object's memory grow without end.
            _connection.Abort();
        }
    }

    /// <summary>Serves the connection until it ends. Outside of the object; on the request that brought it.</summary>
    internal async Task ServeAsync(CancellationToken aborted)
    {
        var sending = SendFramesAsync();
        int code = 1006;
        var reason = "";
        var clean = false;
        Exception? failure = null;
        try
        {
            while (await ReceiveAsync(aborted).ConfigureAwait(false) is { } message)
            {
                if (TryAutoRespond(message))
                {
                    continue;
                }

                await _handling.WaitAsync(aborted).ConfigureAwait(false);
                _ = HandleAsync(message);
            }

            code = (int)(_tooBig ? WebSocketCloseStatus.MessageTooBig : _connection.CloseStatus ?? WebSocketCloseStatus.Empty);
            reason = _connection.CloseStatusDescription ?? "";
            clean = !_tooBig;
        }
        catch (OperationCanceledException)
        {
        }
        catch (WebSocketException)
        {
            // The peer went away without a word: that is what 1006 says.
        }
        catch (Exception e)
        {
            failure = e;
        }

        _owner.Remove(this);
        if (failure is not null)
        {
            await Tell(static (c, s) => c.WebSocketError(s.Socket, s.Error!), (Socket: this, Error: failure)).ConfigureAwait(false);
        }

        await Tell(
            static (c, s) => c.WebSocketClose(s.Socket, s.code, s.reason, s.clean), (Socket: this, code, reason, clean)).ConfigureAwait(false);
        _frames.Writer.TryComplete();
        await sending.ConfigureAwait(false);
        Volatile.Write(ref _closing, 1);
        if (_connection.State is WebSocketState.CloseReceived)
        {
            using var limit = new CancellationTokenSource(CloseTimeout);
            await IgnoreErrors(_connection.CloseOutputAsync(_connection.CloseStatus ?? WebSocketCloseStatus.NormalClosure, reason, limit.Token)).ConfigureAwait(false);
        }

        _served.TrySetResult();
        await _ended.CancelAsync().ConfigureAwait(false);
    }

    /// <summary>The request that brought it failed after all: nobody will serve it.</summary>
    internal void Forget()
    {
        Volatile.Write(ref _closing, 1);
        _owner.Remove(this);
        _served.TrySetResult();
        _connection.Abort();
    }

    internal async Task GoAwayAsync()
    {
        if (Interlocked.Exchange(ref _closing, 1) == 0)
        {
            using var limit = new CancellationTokenSource(CloseTimeout);
            await IgnoreErrors(_connection.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "the server is stopping", limit.Token)).ConfigureAwait(false);
            await EndSoonAsync().ConfigureAwait(false);
        }
    }

    // A peer that does not answer a close would keep the connection, and with it the server's stop, waiting.
    private async Task EndSoonAsync()
    {
        var limit = Task.Delay(CloseTimeout, _owner.Reference.Runtime.Time, _ended.Token);
        await Task.WhenAny(_served.Task, limit).ConfigureAwait(false);
        if (!_served.Task.IsCompleted)
        {
            _connection.Abort();
        }
    }

    private async Task HandleAsync(WebSocketMessage message)
    {
        try
        {
            await Tell(static (c, s) => c.WebSocketMessage(s.Socket, s.message), (Socket: this, message)).ConfigureAwait(false);
        }
        finally
        {
            _handling.Release();
        }
    }

    private async Task Tell<TState>(Func<Activation.IObjectCode, TState, Task> handler, TState state)
    {
        try
        {
            await _owner.Reference.Call(
                static async (code, call) =>
                {
                    await call.handler(code, call.state);
                    return true;
                },
                (handler, state)).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Nobody waits for an answer to an event; the object's log is where its failure belongs.
            _owner.Reference.Runtime.LogSocketHandlerFailed(_owner.Reference.Id, e);
        }
    }

    private bool TryAutoRespond(in WebSocketMessage message)
    {
        if (!message.IsText || _owner.AutoResponse is not { } auto || !message.Data.Span.SequenceEqual(auto.Request))
        {
            return false;
        }

        AutoResponseTime = _owner.Reference.Runtime.Time.GetUtcNow();
        Enqueue(new Frame(WebSocketMessageType.Text, auto.Response, 0));
        return true;
    }

    private async Task<WebSocketMessage?> ReceiveAsync(CancellationToken cancel)
    {
        var message = new ArrayBufferWriter<byte>();
        while (true)
        {
            var received = await _connection.ReceiveAsync(message.GetMemory(4096), cancel).ConfigureAwait(false);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            message.Advance(received.Count);
            if (message.WrittenCount > MessageBytesMax)
            {
                _tooBig = true;
                Volatile.Write(ref _closing, 1);
                await _connection.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, $"at most {MessageBytesMax} bytes", cancel).ConfigureAwait(false);
                await DrainAsync(message.GetMemory(4096), cancel).ConfigureAwait(false);
                return null;
            }

            if (received.EndOfMessage)
            {
                return new WebSocketMessage(message.WrittenMemory, received.MessageType == WebSocketMessageType.Text);
            }
        }
    }

    // Closing the connection with bytes unread resets it, and the peer would never see why.
    private async Task DrainAsync(Memory<byte> rest, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(CloseTimeout);
        try
        {
            while ((await _connection.ReceiveAsync(rest, limit.Token).ConfigureAwait(false)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // It has had its time.
        }
    }

    private async Task SendFramesAsync()
    {
        try
        {
            await foreach (var frame in _frames.Reader.ReadAllAsync(_ended.Token).ConfigureAwait(false))
            {
                if (frame.Type == WebSocketMessageType.Close)
                {
                    if (Interlocked.Exchange(ref _closing, 1) == 0)
                    {
                        await _connection.CloseOutputAsync((WebSocketCloseStatus)frame.Code, Encoding.UTF8.GetString(frame.Data), _ended.Token).ConfigureAwait(false);
                        _ = EndSoonAsync();
                    }
                }
                else if (IsOpen)
                {
                    await _connection.SendAsync(frame.Data, frame.Type, endOfMessage: true, _ended.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The receiving side notices the lost connection and tells the object.
        }
    }

    private static async Task IgnoreErrors(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
        }
    }

    private readonly record struct Frame(WebSocketMessageType Type, byte[] Data, int Code);

    private sealed class LeavingFrame(ObjectWebSocket socket, Frame frame) : IGateWaiter
    {
        public ulong Transaction { get; set; }

        public void Pass() => socket.Enqueue(frame);

        // The write that the frame tells of was lost, so the frame is too.
        public void Fail(Exception error)
        {
        }
    }
}
