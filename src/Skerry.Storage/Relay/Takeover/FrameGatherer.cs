using Skerry.Storage.Archive;
using Skerry.Storage.Log;

namespace Skerry.Storage.Relay.Takeover;

/// <summary>
/// Reads what sealed followers hold of a session, in sequence, from whichever of them has it. All copies of a record are
/// the same, for they come from one leader; each follower holds a run without gaps.
/// </summary>
/// <param name="plane">The world.</param>
/// <param name="session">Whose log it is.</param>
/// <param name="seals">Who has sealed it.</param>
/// <param name="all">True if every follower has been asked: what is damaged now is so in all copies that there are.</param>
internal sealed class FrameGatherer(ControlPlane plane, SessionId session, FollowerSeals seals, bool all)
{
    private ulong _end = ulong.MaxValue;

    /// <summary>The highest record that a sealed follower holds and that has to be read; 0 if none holds any.</summary>
    public ulong Last => Math.Min(_end, seals.Sealed.Max(follower => follower.Reply.Last));

    /// <summary>
    /// The next records, at least one if there is any, up to about as many bytes as a bundle may have. None, and the log
    /// ends here, if what comes next is damaged and was certainly never confirmed.
    /// </summary>
    /// <param name="from">The first.</param>
    /// <param name="records">Receives them.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>False if a follower that has them failed, and is not counted as sealed any more: the seal quorum has to be looked at again.</returns>
    /// <exception cref="SessionGapException">No follower has them, and some have later ones.</exception>
    /// <exception cref="StorageDamagedException">What the followers have is damaged, in all copies that can be read.</exception>
    public async Task<bool> ReadAsync(ulong from, List<ArchivedRecord> records, CancellationToken cancel)
    {
        var holders = seals.Sealed
            .Where(follower => follower.Reply.First != 0 && follower.Reply.First <= from && follower.Reply.Last >= from)
            .OrderByDescending(follower => follower.Reply.Last)
            .ToList();
        if (holders.Count == 0)
        {
            var later = seals.Sealed.Where(follower => follower.Reply.First > from).Min(follower => follower.Reply.First);
            throw new SessionGapException(session, from, later - 1);
        }

        StorageDamagedException? damage = null;
        var lost = false;
        foreach (var (node, _) in holders)
        {
            try
            {
                await ReadAsync(node, from, records, cancel);
            }
            catch (StorageDamagedException error)
            {
                // The copy of another follower may be whole.
                damage = error;
            }
            catch (StorageException)
            {
                // It does not answer, or cannot read its own disk.
                seals.Lose(node.Id);
                lost = true;
            }

            if (records.Count > 0)
            {
                return true;
            }
        }

        if (lost || damage is null)
        {
            return false;
        }

        if (all && seals.IsUnconfirmed(from))
        {
            _end = from - 1;
            return true;
        }

        throw damage;
    }

    private async Task ReadAsync(NodeInfo node, ulong from, List<ArchivedRecord> records, CancellationToken cancel)
    {
        var bytes = 0L;
        await foreach (var frame in plane.Transport.ReadFramesAsync(node, session, from, cancel))
        {
            var next = records.Count == 0 ? from : records[^1].Sequence + 1;
            if (frame.Last < next)
            {
                continue;
            }

            if (frame.First > next)
            {
                throw new StorageDamagedException($"the log of session {session} at {node.Name}", 0, $"record {next} is followed by record {frame.First}");
            }

            foreach (var record in FrameReader.Read(frame, node.Name))
            {
                if (record.Sequence >= next)
                {
                    records.Add(record);
                }
            }

            bytes += frame.Body.Length;
            if (bytes >= plane.Options.RecoveryBundleBytesMax)
            {
                return;
            }
        }
    }
}
