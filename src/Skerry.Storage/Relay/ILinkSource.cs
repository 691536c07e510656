namespace Skerry.Storage.Relay;

/// <summary>What links send, and whom they tell. Thread-safe.</summary>
internal interface ILinkSource
{
    /// <summary>The newest frames.</summary>
    FrameRing Ring { get; }

    /// <summary>The last record that is in the spool.</summary>
    ulong Appended { get; }

    /// <summary>The last record that is confirmed.</summary>
    ulong Confirmed { get; }

    /// <summary>Records up to this are in the bucket.</summary>
    ulong UploadedTo { get; }

    /// <summary>Frames from the spool; a body is valid until the next frame is asked for.</summary>
    IEnumerable<Frame> ReadFrames(ulong from);

    /// <summary>Opens a stream.</summary>
    Task<IFollowerStream> ConnectAsync(NodeInfo node, IFollowerEvents events, CancellationToken cancel);

    /// <summary>Tells the leader.</summary>
    void Post(in LinkEvent happened);
}
