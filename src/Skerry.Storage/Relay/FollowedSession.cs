using Skerry.Storage.Log;

namespace Skerry.Storage.Relay;

/// <summary>A stored frame's place in the follower's log.</summary>
internal readonly record struct StoredFrame(ulong First, ulong Last, LogPosition Position);

/// <summary>One session in a <see cref="FollowerStore"/>: its state, its frames, and the stream that is open. The lock guards all of it.</summary>
internal sealed class FollowedSession(FollowedLog state)
{
    public Lock Gate { get; } = new();

    public FollowedLog State { get; } = state;

    /// <summary>What is here, durably, in order and without gaps.</summary>
    public List<StoredFrame> Frames { get; } = [];

    /// <summary>The stream that the leader has opened last; null if it has ended.</summary>
    public FollowedStream? Stream { get; set; }

    /// <summary>True once it has left the store: whoever has waited for the lock must look it up again.</summary>
    public bool IsGone { get; set; }

    /// <summary>The chain of its records in the follower's log.</summary>
    public LogStream Chain { get; } = new(FollowerRecord.KeyOf(FollowerRecord.FrameName, state.Session), default);

    /// <summary>The recovery epoch whose seal is durable; null if none is.</summary>
    public int? DurableSeal { get; set; }

    /// <summary>Keeps a durable frame, unless it is kept already.</summary>
    public void Keep(ulong first, ulong last, LogPosition position)
    {
        if (Frames.Count == 0 || Frames[^1].Last < first)
        {
            Frames.Add(new StoredFrame(first, last, position));
        }
    }

    /// <summary>Drops the frames that are in the bucket.</summary>
    public void DropUploaded()
    {
        var count = 0;
        while (count < Frames.Count && Frames[count].Last <= State.UploadedTo)
        {
            count++;
        }

        if (count > 0)
        {
            Frames.RemoveRange(0, count);
            State.Dropped(Frames.Count > 0 ? Frames[0].First : 0);
        }
    }
}
