using Skerry.Storage.Archive;
using Skerry.Storage.Relay.Fleet;

namespace Skerry.Storage.Relay.Hosting;

// What this node says of itself to whoever looks at the whole cluster.
public sealed partial class RelayNode : ISessionFigures, IUploadCosts
{
    /// <inheritdoc/>
    public SessionFigures Read()
    {
        if (!_started.Task.IsCompletedSuccessfully)
        {
            return new() { Node = Self };
        }

        var status = _replicator.Status;
        return new()
        {
            Node = Self,
            Generation = _replicator.Record.Generation,
            Appended = status.Appended,
            Confirmed = status.Confirmed,
            Uploaded = status.Uploaded,
            BytesNotUploaded = _uploader.Figures.WaitingBytes,
            Followers = [.. status.Followers.Select(static one => new FollowerFigures(one.Node, one.IsConnected, one.IsMember, one.Held))],
        };
    }

    /// <inheritdoc/>
    public BucketUse BucketUse => _started.Task.IsCompletedSuccessfully ? _uploader.Figures.Bucket : default;

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<ObjectKey, ObjectCost>> Costliest(int count) =>
        _started.Task.IsCompletedSuccessfully ? _uploader.Costliest(count) : [];
}
