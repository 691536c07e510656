using Microsoft.AspNetCore.Http;
using Skerry.Objects.Activation;

namespace Skerry.Objects;

/// <summary>
/// The base of a durable object's class: a single-threaded server with an id and a SQLite database of its own. One
/// instance exists for an id while the object is active; its fields are a cache, its database is its state.
/// </summary>
/// <remarks>
/// <para>Code runs on the object's own event loop, one event at a time; another one may enter where the code awaits
/// something outside the object. Storage calls never let anybody in. Never use <c>ConfigureAwait(false)</c> here.</para>
/// <para>The constructor may use everything below, and take services by dependency injection. No call enters before it,
/// and every <see cref="ObjectContext.BlockConcurrencyWhile(Func{Task})"/> it started, has ended.</para>
/// </remarks>
public abstract class DurableObject : IDurableObject
{
    /// <summary>Takes the place that the runtime is constructing; a durable object cannot be constructed by anybody else.</summary>
    /// <exception cref="InvalidOperationException">Not constructed by the runtime.</exception>
    protected DurableObject()
    {
        Active = ActiveObject.Constructing
            ?? throw new InvalidOperationException($"{GetType().Name} is a durable object: get one from a DurableObjectNamespace, do not construct it.");
        Context = new ObjectContext(Active);
        Storage = new ObjectStorage(Active);
    }

    internal ActiveObject Active { get; }

    /// <summary>Who this object is.</summary>
    protected DurableObjectId Id => Active.Id;

    /// <summary>The object's SQLite database.</summary>
    protected SqlStorage Sql => Active.Sql;

    /// <summary>Keys and values, kept in a hidden table of the same database.</summary>
    protected KvStorage Kv => Active.Kv;

    /// <summary>Transactions, alarms, and going back in time.</summary>
    protected ObjectStorage Storage { get; }

    /// <summary>Concurrency, lifetime, WebSockets and the outside world.</summary>
    protected ObjectContext Context { get; }

    /// <inheritdoc/>
    public virtual Task Fetch(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status501NotImplemented;
        return Task.CompletedTask;
    }

    /// <summary>Runs when the alarm is due. A failure is tried again, up to six times, with growing pauses.</summary>
    public virtual Task Alarm(AlarmInfo info) => Task.CompletedTask;

    /// <summary>A message came on a socket that this object accepted; the object may have been in memory or not.</summary>
    public virtual Task WebSocketMessage(ObjectWebSocket socket, WebSocketMessage message) => Task.CompletedTask;

    /// <summary>A socket was closed by its other end, or the connection was lost (code 1006, not clean).</summary>
    public virtual Task WebSocketClose(ObjectWebSocket socket, int code, string reason, bool wasClean) => Task.CompletedTask;

    /// <summary>A socket failed with something other than being closed.</summary>
    public virtual Task WebSocketError(ObjectWebSocket socket, Exception error) => Task.CompletedTask;
}
