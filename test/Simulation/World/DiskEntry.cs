using Skerry.Storage;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.World;

/// <summary>One entry of a node's follower log.</summary>
internal abstract class DiskEntry(SessionId session)
{
    public SessionId Session => session;

    /// <summary>What nobody in the run knows: that it is not as it was written. Whoever reads it has the checksums.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Whether it matches its checksum.</summary>
    public virtual bool IsLegible => !IsDamaged;

    /// <summary>Changes what is there, as a bad sector or a lost write does.</summary>
    public virtual void Damage(Random random) => IsDamaged = true;

    internal sealed class Stored(SessionId session, in Frame frame, bool startsAnew) : DiskEntry(session)
    {
        /// <summary>The frame, with a body of its own.</summary>
        public Frame Frame { get; private set; } = frame with { Body = frame.Body.ToArray() };

        public bool StartsAnew => startsAnew;

        public override bool IsLegible
        {
            get
            {
                try
                {
                    FrameReader.Verify(Frame);
                    return true;
                }
                catch (StorageDamagedException)
                {
                    return false;
                }
            }
        }

        public override void Damage(Random random)
        {
            base.Damage(random);
            var body = Frame.Body.ToArray();
            if (random.Happens(0.3))
            {
                body = body[..random.Next(body.Length)];
            }
            else
            {
                body[random.Next(body.Length)] ^= (byte)(1 << random.Next(8));
            }

            Frame = Frame with { Body = body };
        }
    }

    internal sealed class Sealed(SessionId session, int epoch) : DiskEntry(session)
    {
        public int Epoch => epoch;
    }

    internal sealed class Dropped(SessionId session, ulong upTo) : DiskEntry(session)
    {
        public ulong UpTo => upTo;
    }

    internal sealed class Forgotten(SessionId session) : DiskEntry(session);
}
