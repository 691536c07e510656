using System.Collections.Concurrent;
using Skerry.Storage;

namespace Skerry.Objects.Fleet;

/// <summary>
/// Where objects on other nodes were found. A hint and no more: a call that comes to a place that is gone is sent on. Two
/// generations bound it: what is not asked for while one fills is dropped with it. Thread-safe.
/// </summary>
internal sealed class PlaceCache(int generation = 50_000)
{
    private ConcurrentDictionary<ObjectKey, ObjectPlace> _young = new();
    private ConcurrentDictionary<ObjectKey, ObjectPlace> _old = new();

    public ObjectPlace? Find(ObjectKey key)
    {
        if (_young.TryGetValue(key, out var place))
        {
            return place;
        }

        if (_old.TryRemove(key, out place))
        {
            Set(key, place);
        }

        return place;
    }

    public void Set(ObjectKey key, ObjectPlace place)
    {
        var young = _young;
        young[key] = place;
        if (young.Count > generation && Interlocked.CompareExchange(ref _young, new(), young) == young)
        {
            _old = young;
        }
    }

    public void Remove(ObjectKey key, ObjectPlace place)
    {
        _young.TryRemove(new(key, place));
        _old.TryRemove(new(key, place));
    }

    public void RemoveAll(SiloAddress silo)
    {
        foreach (var places in new[] { _young, _old })
        {
            foreach (var entry in places)
            {
                if (entry.Value.Silo.Equals(silo))
                {
                    places.TryRemove(entry);
                }
            }
        }
    }
}
