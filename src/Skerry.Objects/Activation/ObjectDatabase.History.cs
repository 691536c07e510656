using Skerry.Storage;

namespace Skerry.Objects.Activation;

/// <content>What operators ask of the object's past. Reading it takes long, and does not take place on the loop.</content>
internal sealed partial class ObjectDatabase
{
    public async Task<ObjectVersions> VersionsAsync(string? before, int limit)
    {
        var current = CurrentBookmark();
        var upTo = before is null ? ulong.MaxValue : Bookmark.Parse(before, _active.Id.Value).Transaction;
        var store = _store!;

        // One more than asked for tells whether there is a next part.
        var versions = store.Confirmed.Transaction == 0
            ? []
            : await Task.Run(() => Runtime.Storage.History.VersionsAsync(store, upTo, limit + 1, CancellationToken.None));
        List<ObjectVersion> shown =
        [
            .. versions.Take(limit).Select(one => new ObjectVersion(
                TextOf(one.Transaction), DateTimeOffset.FromUnixTimeMilliseconds(one.TimestampMs), one.Bytes, one.KeptIn)),
        ];
        return new(current.ToString(), shown, versions.Count > limit ? shown[^1].Bookmark : null);
    }

    /// <summary>The bookmark of a state that can be exported.</summary>
    public async Task<string> LocateAsync(PointInTime point)
    {
        _ = Database;
        var store = _store!;
        var newest = store.Confirmed.Transaction;
        if (newest == 0)
        {
            throw new ArgumentException($"{_active.Id} has never written anything.");
        }

        var transaction = point switch
        {
            { Bookmark: { } bookmark } => Bookmark.Parse(bookmark, _active.Id.Value).Transaction,
            { Time: { } time } => (await BookmarkForTime(time)).Transaction,
            _ => newest,
        };
        if (transaction == 0 || transaction > newest)
        {
            throw new ArgumentException(transaction == 0
                ? $"Nothing had been written to {_active.Id} by then."
                : $"The bookmark '{point.Bookmark}' lies in the future of this object; its newest is '{TextOf(newest)}'.");
        }

        await Runtime.Storage.History.CheckRetainedAsync(store, transaction, CancellationToken.None);
        return TextOf(transaction);
    }

    public Task ExportAsync(string bookmark, string path)
    {
        _ = Database;
        var store = _store!;
        var transaction = Bookmark.Parse(bookmark, _active.Id.Value).Transaction;
        return Task.Run(() => Runtime.Storage.History.ExportAsync(store, transaction, path, CancellationToken.None));
    }

    public Task<HistoryProof> ProveAsync()
    {
        _ = Database;
        var store = _store!;
        return Task.Run(() => Runtime.Storage.History.ProveAsync(store, CancellationToken.None));
    }

    private string TextOf(ulong transaction) => new Bookmark(transaction, _active.Id.Value).ToString();
}
