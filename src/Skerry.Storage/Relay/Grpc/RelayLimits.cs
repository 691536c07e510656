using Skerry.Storage.Log;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>How large things may be on the wire. Both sides have to have the same.</summary>
public static class RelayLimits
{
    /// <summary>
    /// The most bytes of a frame that travel in one message: 1 MiB. Longer ones go in parts, which bounds what both
    /// sides hold besides the frame itself; shorter ones are never copied into another buffer on their way up.
    /// </summary>
    public const int PartBytesMax = 1 << 20;

    /// <summary>The longest message: a part, and what stands around it.</summary>
    public const int MessageBytesMax = PartBytesMax + (64 << 10);

    /// <summary>The longest frame: the largest record that a log takes, or a batch of its usual size and what rounds it up.</summary>
    public const int FrameBytesMax = RecordHeader.PayloadBytesMax + (1 << 20);
}
