using Skerry.Storage.Log;
using Skerry.Storage.Relay;
using Skerry.Storage.Tests.Log;

namespace Skerry.Storage.Tests.Relay;

/// <summary>Makes the frames of a session as its leader's spool would.</summary>
internal sealed class FrameMaker(int session)
{
    private const ulong Salt = 0xABCD_EF01_2345_6789;
    private uint _offset = 4096;

    public SessionId Session { get; } = new((UInt128)session);

    /// <summary>The last record made.</summary>
    public ulong Sequence { get; private set; }

    /// <summary>Bytes of all bodies made.</summary>
    public long Bytes { get; private set; }

    public FollowHello Hello(ulong uploaded) => new(new NodeInfo(new NodeId((UInt128)session), Session, $"node{session}", "", "host:1"), uploaded);

    public Frame Next(int records, int bytes = 50)
    {
        var body = new List<byte>();
        var first = Sequence + 1;
        var offset = _offset + 80;
        for (var i = 0; i < records; i++)
        {
            var request = LogFixture.Request(LogFixture.Stream(i), ++Sequence, new byte[bytes]);
            var record = new byte[RecordHeader.SizeOf(request)];
            RecordHeader.Write(record, request, Sequence, default, offset + (uint)body.Count, Salt);
            body.AddRange(record);
        }

        Bytes += body.Count;
        _offset = (uint)((offset + body.Count + 4095) & -4096);
        return new Frame(first, Sequence, Salt, 1, offset, body.ToArray());
    }
}
