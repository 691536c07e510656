namespace Skerry.Simulation.World;

/// <summary>
/// The network between the nodes. Calls are lost, late, out of order, and sometimes arrive twice; streams keep their order,
/// and break; pairs of nodes and whole nodes are cut off, in one direction or both.
/// </summary>
internal sealed class SimulatedNetwork(Scheduler scheduler, Random random)
{
    private readonly HashSet<(string From, string To)> _cut = [];

    /// <summary>How often a message is lost.</summary>
    public double LossRate { get; set; }

    /// <summary>How often a call arrives twice.</summary>
    public double DuplicateRate { get; set; }

    /// <summary>The longest that a message takes, ms.</summary>
    public double DelayMax { get; set; } = 20;

    public void Cut(string from, string to) => _cut.Add((from, to));

    public void Heal() => _cut.Clear();

    public bool IsCut(string from, string to) => _cut.Contains((from, to));

    /// <summary>Sends something; it may never arrive.</summary>
    public void Send(string from, string to, Action arrive)
    {
        if (from == to)
        {
            scheduler.After(TimeSpan.FromTicks(200), arrive);
        }
        else if (!IsCut(from, to) && !random.Happens(LossRate))
        {
            Deliver(from, to, arrive);
            if (random.Happens(DuplicateRate))
            {
                Deliver(from, to, arrive);
            }
        }
    }

    /// <summary>How long a message of a stream takes.</summary>
    public TimeSpan Delay(string from, string to) => from == to ? TimeSpan.FromTicks(200) : random.Skewed(0.1, DelayMax);

    /// <summary>True if a message of a stream breaks the stream.</summary>
    public bool Breaks(string from, string to) => from != to && (IsCut(from, to) || random.Happens(LossRate));

    private void Deliver(string from, string to, Action arrive) => scheduler.After(random.Skewed(0.1, DelayMax), () =>
    {
        if (!IsCut(from, to))
        {
            arrive();
        }
    });
}
