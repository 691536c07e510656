namespace Skerry.Storage.Archive;

/// <summary>Counts what keeping each object in the bucket costs. Not thread-safe.</summary>
internal sealed class ObjectCosts
{
    private readonly Dictionary<ObjectKey, ObjectCost> _costs = [];

    /// <summary>How many objects have cost something.</summary>
    public int Count => _costs.Count;

    /// <summary>What an object has cost.</summary>
    public ObjectCost Of(ObjectKey key) => _costs.GetValueOrDefault(key);

    /// <summary>What each has cost, in any order.</summary>
    public KeyValuePair<ObjectKey, ObjectCost>[] ToArray() => [.. _costs];

    /// <summary>Something was put for an object.</summary>
    public void Charge(ObjectKey key, double puts, long bytes)
    {
        var cost = _costs.GetValueOrDefault(key);
        _costs[key] = new ObjectCost(cost.Puts + puts, cost.PutBytes + bytes);
    }

    /// <summary>A batch was put: some objects' files of their own, and a bundle, which costs each object in it its part.</summary>
    public void Charge(UploadBatch batch, long bundleBytes)
    {
        foreach (var records in batch.OwnFiles)
        {
            Charge(records[0].Key, 1, records.Sum(static r => (long)r.Ltx.Length));
        }

        foreach (var record in batch.Bundle)
        {
            Charge(record.Key, (double)record.Ltx.Length / bundleBytes, record.Ltx.Length);
        }
    }

    /// <summary>Forgets an object.</summary>
    public void Forget(ObjectKey key) => _costs.Remove(key);

    /// <summary>Forgets all objects of which something is not so.</summary>
    public void ForgetUnless(Predicate<ObjectKey> isKept)
    {
        foreach (var key in _costs.Keys)
        {
            if (!isKept(key))
            {
                _costs.Remove(key);
            }
        }
    }
}
