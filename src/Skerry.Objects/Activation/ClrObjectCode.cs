using Microsoft.AspNetCore.Http;

namespace Skerry.Objects.Activation;

/// <summary>An object whose code is a class derived from <see cref="DurableObject"/>.</summary>
internal sealed class ClrObjectCode(DurableObject instance) : IObjectCode
{
    public DurableObject Instance { get; } = instance;

    public Task Fetch(HttpContext context) => Instance.Fetch(context);

    public Task Alarm(AlarmInfo info) => Instance.Alarm(info);

    public Task WebSocketMessage(ObjectWebSocket socket, WebSocketMessage message) =>
        Instance.WebSocketMessage(socket, message);

    public Task WebSocketClose(ObjectWebSocket socket, int code, string reason, bool wasClean) =>
        Instance.WebSocketClose(socket, code, reason, wasClean);

    public Task WebSocketError(ObjectWebSocket socket, Exception error) => Instance.WebSocketError(socket, error);
}
