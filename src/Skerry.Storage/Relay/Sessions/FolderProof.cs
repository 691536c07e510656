namespace Skerry.Storage.Relay.Sessions;

/// <summary>
/// Proves that the data folder is the one that this node has always had, and not a copy of it: a follower with an older
/// copy has forgotten what it acknowledged and what it sealed, and could lose others' writes. On the loop only.
/// </summary>
/// <remarks>
/// <para>A mark of the folder is in the bucket, and the folder knows it. Both are replaced when a session begins, and now
/// and then while it runs:</para>
/// <list type="number">
/// <item>Read the bucket's mark. If the folder does not know it, the folder is a copy from before that mark was made.</item>
/// <item>At the begin: if the session that has made the mark still runs and answers, the folder is a copy of one in use.</item>
/// <item>Note the next mark in the folder, beside those that the bucket may have.</item>
/// <item>Swap the bucket's mark to it. If somebody else was faster, whose mark this folder does not know, that is a copy's session.</item>
/// </list>
/// <para>A crash between the steps leaves marks in the folder that never came into the bucket, never the other way round;
/// so no start on the folder itself is refused. A copy is recognised as soon as the folder, or another copy, has made a
/// mark after it was taken: one that is put back within <see cref="ControlOptions.MarkInterval"/>, without a start in
/// between, is not.</para>
/// </remarks>
public sealed class FolderProof
{
    private readonly ControlPlane _plane;
    private readonly SessionRecords _sessions;
    private readonly NodeRecords _nodes;
    private readonly IFolderMarks _folder;
    private Versioned<NodeRecord>? _current;

    /// <summary>Creates the proof of a folder of which nothing is known yet.</summary>
    public FolderProof(ControlPlane plane, SessionRecords sessions, NodeRecords nodes, IFolderMarks folder) =>
        (_plane, _sessions, _nodes, _folder) = (plane, sessions, nodes, folder);

    /// <summary>Proves the folder before this session begins, and makes the session's first mark. Nothing may be stored for others before.</summary>
    /// <exception cref="StorageException">It is a copy.</exception>
    public async Task BeginAsync(CancellationToken cancel)
    {
        var known = await _folder.ReadAsync(cancel);

        // 1.
        _current = await _nodes.ReadAsync(_plane.Self.Id, cancel);
        if (_current is { } found)
        {
            Recognise(found.Value, known);

            // 2.
            await SeeNotInUseAsync(found.Value, cancel);
        }

        // 3., 4.
        await SwapAsync(new NodeRecord(_plane.Self, 0), known, cancel);
    }

    /// <summary>Makes a mark now and then, until cancelled.</summary>
    /// <exception cref="StorageException">A copy of the folder is in use: this session has to end.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            await _plane.DelayAsync(_plane.Options.MarkInterval, cancel);
            await RenewAsync(cancel);
        }
    }

    /// <summary>Makes the session's next mark.</summary>
    /// <exception cref="StorageException">A copy of the folder is in use: this session has to end.</exception>
    public async Task RenewAsync(CancellationToken cancel)
    {
        var before = _current!.Value.Value;
        IReadOnlyList<FolderMark> known = [before.Mark];
        try
        {
            await SwapAsync(before with { Number = before.Number + 1 }, known, cancel);
        }
        catch (StorageException error) when (_current?.Value == before)
        {
            // The folder did not take the mark, or the bucket did not answer it: nothing has changed.
            SessionMessages.NotMarked(_plane.Logger, _folder.Folder, error);
        }
    }

    private async Task SwapAsync(NodeRecord next, IReadOnlyList<FolderMark> known, CancellationToken cancel)
    {
        List<FolderMark> possible = [.. known, next.Mark];
        while (true)
        {
            await _folder.WriteAsync(possible, cancel);
            var outcome = await _nodes.SwapAsync(next, _current?.ETag, cancel);
            _current = outcome.Current;
            if (outcome.Swapped)
            {
                return;
            }

            // The last try of an earlier run may arrive this late: its mark is in the folder.
            Recognise(_current?.Value ?? throw Gone(), known);
        }
    }

    private void Recognise(NodeRecord found, IReadOnlyList<FolderMark> known)
    {
        if (!known.Contains(found.Mark))
        {
            throw new StorageException(
                $"The data folder {_folder.Folder} is a copy of node {_plane.Self.Id}'s ({found.Node.Name}): the bucket knows mark {found.Number} of its session {found.Node.Session}, "
                + "which this folder has never seen. A node with an older copy has forgotten what it stores for others. "
                + "Start this node with an empty data folder and the cluster's key; nothing that was confirmed is lost by that.");
        }
    }

    private async Task SeeNotInUseAsync(NodeRecord found, CancellationToken cancel)
    {
        if (await _sessions.ReadAsync(found.Node.Session, cancel) is { Value.State: not SessionState.Sealed } session
            && (await PeerCall.GreetAsync(_plane, session.Value.Node, cancel)).IsAlive)
        {
            throw new StorageException(
                $"The data folder {_folder.Folder} is a copy of node {_plane.Self.Id}'s, which runs as {found.Node.Name} at {found.Node.Address}. "
                + "Start each node with a data folder of its own, empty at first.");
        }
    }

    private StorageException Gone() => new($"{NodeRecords.KeyOf(_plane.Self.Id)} has vanished from the bucket. Nobody may delete it: it says which data folder is this node's.");
}
