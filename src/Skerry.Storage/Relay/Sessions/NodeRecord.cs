namespace Skerry.Storage.Relay.Sessions;

/// <summary>
/// What the bucket says of a node, under <c>nodes/NODE</c>: the newest mark of its data folder. It stays for good, for a
/// copy of a folder may come back after years. Changed by compare-and-swap only.
/// </summary>
/// <param name="Node">The node, in the session that has made the mark.</param>
/// <param name="Number">Counts the session's marks, from 0.</param>
public sealed record NodeRecord(NodeInfo Node, long Number)
{
    /// <summary>What the folder keeps of it.</summary>
    public FolderMark Mark => new(Node.Session, Number);
}

/// <summary>
/// A sign that a data folder and the bucket have in common: made by a session at its begin and now and then, so that a copy
/// of the folder is told from the folder by its age.
/// </summary>
/// <param name="Session">The session.</param>
/// <param name="Number">Counts the session's marks, from 0.</param>
public readonly record struct FolderMark(SessionId Session, long Number);
