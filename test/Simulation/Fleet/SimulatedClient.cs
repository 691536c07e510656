using Skerry.Simulation.Checks;
using Skerry.Simulation.World;
using Skerry.Storage;

namespace Skerry.Simulation.Fleet;

/// <summary>Reads and writes objects, one at a time, through whichever node it believes to run them.</summary>
internal sealed class SimulatedClient(SimulatedFleet fleet, int number)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    private readonly Dictionary<ObjectKey, FleetNode> _believed = [];
    private int _turn;

    public void Start()
    {
        var turn = ++_turn;
        fleet.Scheduler.After(fleet.Random.Between(500, 2_000), () => Next(turn));
    }

    public void Pause() => _turn++;

    private void Next(int turn)
    {
        if (turn != _turn)
        {
            return;
        }

        var key = fleet.Random.Pick(fleet.Keys);
        if (!_believed.TryGetValue(key, out var node) || fleet.Random.Happens(0.06))
        {
            node = _believed[key] = fleet.Random.Pick(fleet.Nodes);
        }

        Try(key, node, fleet.Random.Happens(0.5), ok =>
        {
            if (!ok)
            {
                _believed.Remove(key);
            }

            fleet.Scheduler.After(fleet.Random.Between(20, 500), () => Next(turn));
        });
    }

    /// <summary>Does one thing; tells whether it succeeded.</summary>
    public void Try(ObjectKey key, FleetNode node, bool write, Action<bool> ended)
    {
        var operation = new Operation(write, write ? fleet.NextValue() : 0, fleet.Scheduler.Now);
        var history = fleet.Histories[key];
        var seenBefore = fleet.Oracle.SeenOf(key);
        var isOver = false;
        var mayHaveEffect = false;
        if (write)
        {
            history.Add(operation);
        }

        void End(bool ok, long value)
        {
            if (isOver)
            {
                return;
            }

            isOver = true;
            if (ok)
            {
                operation.Answered = fleet.Scheduler.Now;
                operation.Value = value;
                fleet.Oracle.Answered(key, operation, seenBefore);
                if (!write)
                {
                    history.Add(operation);
                }
            }

            if (fleet.IsTracing)
            {
                fleet.Trace($"client {number}", $"{key.Id.ToString()[..4]} at {node.Name}: {(ok ? operation : $"{operation} failed")}");
            }

            ended(ok);
        }

        fleet.Scheduler.After(Patience, () => End(false, 0));
        if (node.Process is not { Machine.IsDead: false, IsReady: true } process)
        {
            operation.IsVoid = true;
            fleet.Scheduler.After(TimeSpan.FromMilliseconds(5), () => End(false, 0));
            return;
        }

        fleet.Scheduler.After(fleet.Random.Skewed(0.1, 20), () => process.Machine.Request(async () =>
        {
            try
            {
                var value = operation.Value;
                if (write)
                {
                    await process.Objects.WriteAsync(key, value, () => mayHaveEffect = true);
                }
                else
                {
                    value = await process.Objects.ReadAsync(key);
                }

                fleet.Scheduler.After(fleet.Random.Skewed(0.1, 20), () => End(true, value));
            }
            catch (StorageDamagedException error) when (!fleet.Oracle.IsExplained(error))
            {
                fleet.Scheduler.Fail(new Violation("6 (damage)", $"object {Oracle.Short(key)}: {error.Message}"));
            }
            catch (StorageException error)
            {
                operation.IsVoid = !mayHaveEffect;
                fleet.Trace(process.Self.Name, $"{(write ? "write" : "read")} fails: {error.Message}");
                fleet.Scheduler.After(fleet.Random.Skewed(0.1, 20), () => End(false, 0));
            }
        }));
    }
}
