using System.Text;
using Microsoft.AspNetCore.Http;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;

namespace Skerry.Objects.WebSockets;

/// <summary>A socket that the object accepted while answering a request; its connection is served after the answer.</summary>
internal sealed record AcceptedSocket(ObjectWebSocket Socket);

/// <summary>One object's open sockets and automatic answer. Thread-safe; outlives the object's stay in memory.</summary>
internal sealed class ObjectSockets(ObjectReference reference)
{
    private const int SocketsMax = 32_768;
    private const int TagsMax = 10;
    private const int TagLengthMax = 256;
    private const int AutoResponseMax = 2_048;

    private readonly Lock _lock = new();
    private readonly List<ObjectWebSocket> _open = [];

    public ObjectReference Reference { get; } = reference;

    /// <summary>Request and response in UTF-8; null for none.</summary>
    public (byte[] Request, byte[] Response)? AutoResponse { get; private set; }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _open.Count;
            }
        }
    }

    public async Task<ObjectWebSocket> AcceptAsync(ActiveObject active, HttpContext http, string[] tags)
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            throw new BadHttpRequestException("This address takes WebSocket connections only.", StatusCodes.Status426UpgradeRequired);
        }

        if (tags.Length > TagsMax || tags.Any(static t => t.Length > TagLengthMax))
        {
            throw new ArgumentException($"A WebSocket takes at most {TagsMax} tags of at most {TagLengthMax} characters.", nameof(tags));
        }

        if (Count >= SocketsMax)
        {
            throw new DurableObjectException("overloaded", $"{active.Id} has {SocketsMax} WebSockets open, which is the most an object takes.") { Overloaded = true };
        }

        await active.LeaveAsync();
        var connection = await http.WebSockets.AcceptWebSocketAsync();
        var socket = new ObjectWebSocket(this, connection, tags);
        lock (_lock)
        {
            _open.Add(socket);
        }

        http.Features.Set(new AcceptedSocket(socket));
        return socket;
    }

    public IReadOnlyList<ObjectWebSocket> Get(string? tag)
    {
        lock (_lock)
        {
            return tag is null ? [.. _open] : [.. _open.Where(s => s.Tags.Contains(tag))];
        }
    }

    public void Remove(ObjectWebSocket socket)
    {
        lock (_lock)
        {
            _open.Remove(socket);
        }
    }

    public void SetAutoResponse(string? request, string? response)
    {
        if (request is null != response is null)
        {
            throw new ArgumentException("An automatic response takes both a request and a response, or neither.");
        }

        if (request?.Length > AutoResponseMax || response?.Length > AutoResponseMax)
        {
            throw new ArgumentException($"An automatic response's request and response take at most {AutoResponseMax} characters each.");
        }

        AutoResponse = request is null ? null : (Encoding.UTF8.GetBytes(request), Encoding.UTF8.GetBytes(response!));
    }
}
