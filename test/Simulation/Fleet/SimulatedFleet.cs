using System.Globalization;
using Skerry.Simulation.Bugs;
using Skerry.Simulation.Checks;
using Skerry.Simulation.World;
using Skerry.Storage;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.Fleet;

/// <summary>One run: a fleet, its clients, and what goes wrong. Everything follows from the seed.</summary>
internal sealed class SimulatedFleet
{
    private static readonly TimeSpan Trouble = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(90);

    private readonly Action<string>? _trace;
    private readonly Nemesis _nemesis;
    private readonly List<SimulatedClient> _clients = [];
    private long _values;

    /// <param name="seed">What follows from it is everything.</param>
    /// <param name="bug">What is done wrong.</param>
    /// <param name="trace">Hears of everything that happens.</param>
    /// <param name="checksAll">See <see cref="Oracle.ChecksAll"/>.</param>
    public SimulatedFleet(int seed, PlantedBug bug = PlantedBug.None, Action<string>? trace = null, bool checksAll = false)
    {
        (Bug, _trace) = (bug, trace);
        Random = new Random(seed);
        Scheduler = new Scheduler();
        Network = new SimulatedNetwork(Scheduler, new Random(Random.Next()));
        Store = new SimulatedBucket(Scheduler, new Random(Random.Next()));
        Oracle = new Oracle(this) { ChecksAll = checksAll };
        var nodes = Random.Happens(0.5) ? 3 : Random.Next(4, 9);
        Nodes = [.. Enumerable.Range(1, nodes).Select(MakeNode)];
        Keys = [.. Enumerable.Range(0, Random.Next(1, 5)).Select(_ => new ObjectKey("sim", MakeId()))];
        Histories = Keys.ToDictionary(static key => key, static _ => new List<Operation>());
        _nemesis = new Nemesis(this);
        UploadOptions = new UploadOptions
        {
            BatchWindow = TimeSpan.FromSeconds(Random.Happens(0.5) ? 1 : 4),
            GatherInterval = TimeSpan.FromMilliseconds(200),
            SnapshotBytesMin = 0,
            PromoteAge = TimeSpan.FromSeconds(Random.Happens(0.5) ? 5 : 60),
            PromoteBytes = 600,
            OwnFileBytes = Random.Happens(0.5) ? 700 : 256 << 10,
            RetryDelayMax = TimeSpan.FromSeconds(3),
            Retention = TimeSpan.FromSeconds(Random.Happens(0.5) ? 10 : 3_600),
            TrashDelay = TimeSpan.FromSeconds(5),
            SweepInterval = TimeSpan.FromSeconds(Random.Happens(0.7) ? 10 : 3_600),
        };
    }

    public Random Random { get; }

    public PlantedBug Bug { get; }

    public Scheduler Scheduler { get; }

    public SimulatedNetwork Network { get; }

    public SimulatedBucket Store { get; }

    public Oracle Oracle { get; }

    public IReadOnlyList<FleetNode> Nodes { get; }

    public IReadOnlyList<ObjectKey> Keys { get; }

    public Dictionary<ObjectKey, List<Operation>> Histories { get; }

    public UploadOptions UploadOptions { get; }

    public bool IsTracing => _trace is not null;

    /// <summary>The node with an id; null if there is none any more.</summary>
    public FleetNode? Find(NodeId id) => Nodes.FirstOrDefault(node => node.Id == id);

    public FleetNode Node(string address) => Nodes.First(node => node.Name == address);

    public long NextValue() => ++_values;

    public void Trace(string who, string what) =>
        _trace?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{Scheduler.Now / 10_000,7} ms  {who,-9} {what}"));

    /// <summary>Runs to the end.</summary>
    /// <returns>What went wrong; null if nothing did.</returns>
    public Exception? Run()
    {
        foreach (var node in Nodes)
        {
            Scheduler.After(Random.Between(0, 300), node.Start);
        }

        for (var i = 0; i < 4; i++)
        {
            var client = new SimulatedClient(this, i);
            _clients.Add(client);
            client.Start();
        }

        // Most runs are quiet only in the end; some in the middle, too.
        var rounds = Random.Happens(0.2) ? 2 : 1;
        for (var round = 1; round <= rounds && Scheduler.Failure is null; round++)
        {
            Scheduler.After(TimeSpan.FromSeconds(3), _nemesis.Start);
            Scheduler.Run(Trouble / rounds);
            _nemesis.End();
            Trace("nemesis", "ends");
            Scheduler.Run(TimeSpan.FromSeconds(5));
            QuietPoint();
        }

        return Scheduler.Failure;
    }

    /// <summary>For a moment, reads an object on one side of a quarrel as fast as it goes, while it is written on the other.</summary>
    public void Witness(ObjectKey key, FleetNode reads, FleetNode writes)
    {
        var end = Scheduler.Now + TimeSpan.FromSeconds(2).Ticks;
        var (reader, writer) = (new SimulatedClient(this, 7), new SimulatedClient(this, 8));
        Read();
        Write();

        // Reads do not wait for each other: those before may be stuck.
        void Read()
        {
            reader.Try(key, reads, false, static _ => { });
            if (Scheduler.Now < end)
            {
                Scheduler.After(Random.Between(20, 120), Read);
            }
        }

        void Write() => writer.Try(key, writes, true, _ =>
        {
            if (Scheduler.Now < end)
            {
                Scheduler.After(Random.Between(1, 40), Write);
            }
        });
    }

    /// <summary>Everything is well, and nobody wants anything.</summary>
    private void QuietPoint()
    {
        _clients.ForEach(static client => client.Pause());
        ReadEverything();
        Settle();
        if (Scheduler.Failure is null)
        {
            Oracle.CheckAlarms();
            try
            {
                Oracle.CheckHistories();
            }
            catch (Violation violation)
            {
                Scheduler.Fail(violation);
            }
        }

        _clients.ForEach(static client => client.Start());
    }

    /// <summary>In the end every object answers again, wherever it is asked for, and with what it has.</summary>
    private void ReadEverything()
    {
        var left = Keys.Count;
        var client = new SimulatedClient(this, 9);
        foreach (var key in Keys)
        {
            ReadUntilAnswered(key);
        }

        Scheduler.Run(Quiet, () => left == 0);
        if (Scheduler.Failure is null && left > 0)
        {
            Scheduler.Fail(new Violation("availability", $"{left} of {Keys.Count} objects do not answer {Quiet.TotalSeconds} s after everything is well"));
        }

        void ReadUntilAnswered(ObjectKey key) => client.Try(key, Random.Pick(Nodes), false, ok =>
        {
            if (ok)
            {
                left--;
            }
            else
            {
                Scheduler.After(TimeSpan.FromMilliseconds(300), () => ReadUntilAnswered(key));
            }
        });
    }

    /// <summary>7. What is not needed goes away by itself; in some runs it is seen that nothing is left of old sessions either.</summary>
    private void Settle()
    {
        SettleUntil(Oracle.Excess);
        if (Random.Happens(0.1))
        {
            SettleUntil(() => Oracle.LeftOver() is { } key ? $"{key} is left of a session that has ended" : null);
        }
    }

    private void SettleUntil(Func<string?> excess)
    {
        Scheduler.Run(Settling, () => Scheduler.Steps % 256 == 0 && excess() is null);
        if (Scheduler.Failure is null && excess() is { } wrong)
        {
            Scheduler.Fail(new Violation("7 (space)", wrong));
        }
    }

    private FleetNode MakeNode(int number)
    {
        var clock = new MachineClock(Scheduler, 0.98 + (Random.NextDouble() * 0.04))
        {
            WallOffset = TimeSpan.FromMinutes(Random.Happens(0.2) ? (Random.NextDouble() * 120) - 60 : 0),
        };
        return new FleetNode(this, $"n{number}", $"z{number % 3}", clock, new SimulatedDisk(new Random(Random.Next())) { Lost = Oracle.NodesChanged });
    }

    private Id256 MakeId()
    {
        var bytes = new byte[Id256.Size];
        Random.NextBytes(bytes);
        return new Id256(bytes);
    }
}
