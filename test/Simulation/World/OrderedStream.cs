namespace Skerry.Simulation.World;

/// <summary>
/// One direction of a stream: messages arrive in order, until one breaks it. What was under way by then still arrives, even if
/// a new stream has been opened meanwhile.
/// </summary>
internal sealed class OrderedStream(Scheduler scheduler, SimulatedNetwork network, string from, string to)
{
    private long _last;

    public bool IsBroken { get; private set; }

    /// <summary>Sends a message, in the receiving process; false if that has broken the stream.</summary>
    public bool Send(Machine receiver, Action arrive)
    {
        if (IsBroken || network.Breaks(from, to))
        {
            IsBroken = true;
            return false;
        }

        _last = Math.Max(_last, scheduler.Now + network.Delay(from, to).Ticks);
        scheduler.After(TimeSpan.FromTicks(_last - scheduler.Now), () => receiver.Run(arrive));
        return true;
    }
}
