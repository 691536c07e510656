using System.Collections.Concurrent;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;
using Skerry.Storage;

namespace Skerry.Objects.WebSockets;

/// <summary>The open WebSockets of all objects of this process. They belong to the process, not to the object's stay in memory.</summary>
internal sealed class SocketHub(ObjectRuntime runtime)
{
    private readonly ConcurrentDictionary<ObjectKey, ObjectSockets> _objects = new();

    public int Count => _objects.Values.Sum(static o => o.Count);

    /// <summary>The sockets of one object.</summary>
    public ObjectSockets For(DurableObjectId id) => _objects.GetOrAdd(
        new ObjectKey(id.Namespace, id.Value),
        static (_, arg) => new ObjectSockets(new ObjectReference(arg.runtime, arg.id, hint: null)),
        (runtime, id));

    /// <summary>The object has left memory: without open sockets nothing of it is kept here.</summary>
    public void Forget(ObjectKey key)
    {
        if (_objects.TryGetValue(key, out var sockets) && sockets.Count == 0)
        {
            _objects.TryRemove(new KeyValuePair<ObjectKey, ObjectSockets>(key, sockets));
        }
    }

    /// <summary>The object moves to another node, and its sockets cannot: says good-bye on them.</summary>
    public Task ReleaseAsync(ObjectKey key) => _objects.TryGetValue(key, out var sockets)
        ? Task.WhenAll(sockets.Get(null).Select(static s => s.GoAwayAsync()))
        : Task.CompletedTask;

    /// <summary>Says good-bye on all sockets: 1001, the server is going away.</summary>
    public Task StopAsync() => Task.WhenAll(
        _objects.Values.SelectMany(static o => o.Get(null)).Select(static s => s.GoAwayAsync()));
}
