namespace Skerry.Storage.Archive;

/// <summary>
/// An object's history as a list of transactions without gaps, newest last: made of everything that the bucket has of
/// it, some of it twice, some of it superseded. Pure; immutable.
/// </summary>
/// <remarks>
/// A record of a higher epoch supersedes all records of lower epochs with the same or a greater transaction number, and
/// all snapshots that contain one of them. What is left is followed from the newest backward, each transaction to the
/// one whose state it was made on: the list ends where that one is missing, or has another checksum. So a file that
/// outlived its neighbours is never taken for a part of the history.
/// </remarks>
internal sealed class ObjectChain
{
    private readonly ChainLink[] _links;

    private ObjectChain(ChainLink[] links, string? end)
    {
        _links = links;
        End = end;
        FirstBase = Array.FindIndex(links, static l => l.IsBase);
    }

    /// <summary>The transactions, ascending, each one more than the one before.</summary>
    public IReadOnlyList<ChainLink> Links => _links;

    /// <summary>Why the list does not reach back further; null if it reaches the first transaction.</summary>
    public string? End { get; }

    /// <summary>The oldest link that can be restored; -1 if none can.</summary>
    public int FirstBase { get; }

    /// <summary>The newest transaction; null of an object that has none.</summary>
    public ChainLink? Newest => _links is [.., var newest] ? newest : null;

    /// <summary>Where a transaction is in <see cref="Links"/>; -1 if it is not there.</summary>
    public int Find(ulong txid) =>
        _links is [var first, ..] && txid >= first.Txid && txid - first.Txid < (ulong)_links.Length ? (int)(txid - first.Txid) : -1;

    /// <summary>The newest base at or before a link; -1 if there is none.</summary>
    public int BaseOf(int link)
    {
        while (link >= 0 && !_links[link].IsBase)
        {
            link--;
        }

        return link;
    }

    /// <summary>Makes the list.</summary>
    /// <param name="records">Records in any order. Of two with the same epoch and transaction the first is taken.</param>
    /// <param name="snapshots">Snapshots in any order.</param>
    public static ObjectChain Resolve(IEnumerable<BundledEntry> records, IEnumerable<SnapshotObject> snapshots)
    {
        Dictionary<(ulong Epoch, ulong Txid), ChainLink> found = [];
        foreach (var record in records)
        {
            found.TryAdd((record.Entry.Epoch, record.Entry.Txid), new ChainLink(record.Entry.Txid, record.Entry.Epoch, record, null));
        }

        foreach (var snapshot in snapshots)
        {
            var at = (snapshot.Epoch, snapshot.Txid);
            found[at] = found.GetValueOrDefault(at, new ChainLink(snapshot.Txid, snapshot.Epoch, null, null)) with { Snapshot = snapshot };
        }

        // The highest epoch counts whole; each lower one up to where a higher one begins.
        Dictionary<ulong, ChainLink> counted = [];
        var cut = ulong.MaxValue;
        foreach (var epoch in found.Values.GroupBy(static l => l.Epoch).OrderByDescending(static g => g.Key))
        {
            foreach (var link in epoch.Where(l => l.Txid < cut))
            {
                counted.Add(link.Txid, link);
            }

            cut = Math.Min(cut, epoch.Min(static l => l.Txid));
        }

        return Follow(counted);
    }

    private static ObjectChain Follow(Dictionary<ulong, ChainLink> counted)
    {
        if (counted.Count == 0)
        {
            return new ObjectChain([], null);
        }

        List<ChainLink> links = [counted[counted.Keys.Max()]];
        string? end = null;
        while (links[^1] is { Txid: > 1 } link)
        {
            if (!counted.TryGetValue(link.Txid - 1, out var before))
            {
                end = $"transaction {link.Txid - 1} is not in the bucket";
                break;
            }

            if (link.Record is { } record && before.Record is { } previous && record.Entry.PreApplyChecksum != previous.Entry.PostApplyChecksum)
            {
                end = $"transaction {link.Txid} in {record.File} was not made on transaction {before.Txid} in {previous.File}";
                break;
            }

            links.Add(before);
        }

        links.Reverse();
        return new ObjectChain([.. links], end);
    }
}
