using Microsoft.AspNetCore.Http;

namespace Skerry.Objects.Activation;

/// <summary>
/// The code of one active object, in whatever language: what the runtime calls on the object's loop. Gates, storage
/// and activation know nothing else of it.
/// </summary>
internal interface IObjectCode
{
    Task Fetch(HttpContext context);

    Task Alarm(AlarmInfo info);

    Task WebSocketMessage(ObjectWebSocket socket, WebSocketMessage message);

    Task WebSocketClose(ObjectWebSocket socket, int code, string reason, bool wasClean);

    Task WebSocketError(ObjectWebSocket socket, Exception error);
}
