using Microsoft.AspNetCore.Http;
using Skerry.Objects.Activation;

namespace Skerry.Objects;

/// <summary>An object's concurrency, lifetime, WebSockets and way out. Only for the object's own code.</summary>
public sealed class ObjectContext
{
    private readonly ActiveObject _active;
    private HttpClient? _http;

    internal ObjectContext(ActiveObject active) => _active = active;

    /// <summary>
    /// HTTP from the object. A request leaves when the writes made before it are confirmed, so that nobody outside can
    /// see an effect of something that could still be lost.
    /// </summary>
    public HttpClient Http => _http ??= _active.Runtime.CreateHttpClient(_active);

    /// <summary>
    /// Lets no event into the object while <paramref name="callback"/> runs, but those that it starts itself. If it
    /// throws, or takes longer than 30 s, the object is reset: its memory is dropped and its callers get an error.
    /// </summary>
    public Task BlockConcurrencyWhile(Func<Task> callback) => BlockConcurrencyWhile(async () =>
    {
        await callback();
        return true;
    });

    /// <summary>As <see cref="BlockConcurrencyWhile(Func{Task})"/>, with a result.</summary>
    public Task<T> BlockConcurrencyWhile<T>(Func<Task<T>> callback) => _active.BlockConcurrencyWhile(callback);

    /// <summary>Keeps the object in memory until <paramref name="work"/> is done. Its failure is logged, and nothing else.</summary>
    public void WaitUntil(Task work) => _active.WaitUntil(work);

    /// <summary>
    /// Resets the object at once: what this event wrote is rolled back, memory is dropped, callers get an error with
    /// <paramref name="reason"/>, and the next call starts from confirmed storage.
    /// </summary>
    /// <exception cref="DurableObjectException">Always, so that the code that aborted does not go on.</exception>
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public void Abort(string reason = "the object aborted itself") => throw _active.Abort(reason);

    /// <summary>
    /// Accepts a WebSocket that outlives the object's stay in memory: while nothing happens the object may leave, and a
    /// message brings it back, through <see cref="DurableObject.WebSocketMessage"/>. Await it as the last thing of
    /// <see cref="DurableObject.Fetch"/>: it completes when the socket is handed over, not when it is closed.
    /// </summary>
    /// <param name="http">A WebSocket request.</param>
    /// <param name="tags">At most 10, each of at most 256 characters, to find the socket by.</param>
    public Task<ObjectWebSocket> AcceptWebSocket(HttpContext http, params string[] tags) =>
        _active.Sockets.AcceptAsync(_active, http, tags);

    /// <summary>The open sockets of this object, all or those with a tag.</summary>
    public IReadOnlyList<ObjectWebSocket> GetWebSockets(string? tag = null) => _active.Sockets.Get(tag);

    /// <summary>
    /// Answers text messages equal to <paramref name="request"/> with <paramref name="response"/> without waking the
    /// object; both at most 2,048 characters. Null for both switches it off.
    /// </summary>
    public void SetWebSocketAutoResponse(string? request, string? response) => _active.Sockets.SetAutoResponse(request, response);
}
