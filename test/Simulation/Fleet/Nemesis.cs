using Skerry.Simulation.World;

namespace Skerry.Simulation.Fleet;

/// <summary>
/// What goes wrong, and when. Permitted faults: processes killed, frozen and started again; power lost, with everything that was
/// not synced; nodes cut off from each other in one direction or both; a lossy, slow, doubling network; a bucket that is out,
/// slow, or unknown in its outcomes; full and slow disks; wall clocks that jump by hours. Not permitted: a disk that loses
/// what was synced, and the loss of more than one machine for good.
/// </summary>
internal sealed class Nemesis(SimulatedFleet fleet)
{
    private readonly Random _random = new(fleet.Random.Next());
    private bool _mayLose = true;
    private bool _over;

    public void Start()
    {
        // Most runs are calm in most respects, so that rare things are not lost in noise.
        fleet.Network.LossRate = _random.Happens(0.3) ? _random.NextDouble() * 0.02 : 0.0005;
        fleet.Network.DuplicateRate = _random.Happens(0.5) ? 0.05 : 0;
        fleet.Network.DelayMax = _random.Happens(0.2) ? 400 : 20;
        fleet.Store.FaultRate = _random.Happens(0.4) ? _random.NextDouble() * 0.15 : 0.005;
        Schedule();
    }

    /// <summary>Everything is well again, and stays so.</summary>
    public void End()
    {
        _over = true;
        fleet.Network.Heal();
        fleet.Network.LossRate = 0;
        fleet.Network.DuplicateRate = 0;
        fleet.Network.DelayMax = 20;
        fleet.Store.FaultRate = 0;
        fleet.Store.IsOut = false;
        foreach (var node in fleet.Nodes)
        {
            node.Disk.IsFull = false;
            node.Disk.SyncMax = 20;
            if (node.Process is { Machine.IsFrozen: true } frozen)
            {
                frozen.Machine.Thaw(_random.Happens(0.5));
            }

            node.Start();
        }
    }

    private void Schedule() => fleet.Scheduler.After(_random.Between(200, 6_000), () =>
    {
        if (!_over)
        {
            Act();
            Schedule();
        }
    });

    private void Act()
    {
        var node = _random.Pick(fleet.Nodes);
        switch (_random.Next(19))
        {
            case 0 or 1 or 2:
                Trace($"kills {node.Name}");
                node.Die(restart: false, power: false);
                Later(300, 8_000, node.Start);
                break;
            case 3:
                Trace($"cuts {node.Name}'s power");
                node.Die(restart: false, power: true);
                Later(300, 8_000, node.Start);
                break;
            case 4 or 5 or 6 when node.Process is { Machine.IsRunning: true } process:
                if (process.IsReady && _random.Happens(0.3))
                {
                    FreezeInTheMiddle(node, process);
                    break;
                }

                Trace($"freezes {node.Name}");
                process.Machine.Freeze();
                Later(200, 12_000, () => process.Machine.Thaw(_random.Happens(0.5)));
                break;
            case 7 or 8:
                var both = _random.Happens(0.6);
                var from = _random.Happens(0.5);
                Trace($"isolates {node.Name}");
                foreach (var other in fleet.Nodes.Where(other => other != node && (both || _random.Happens(0.6))))
                {
                    if (both || from)
                    {
                        fleet.Network.Cut(node.Id, other.Id);
                    }

                    if (both || !from)
                    {
                        fleet.Network.Cut(other.Id, node.Id);
                    }
                }

                Later(300, 10_000, fleet.Network.Heal);
                break;
            case 9:
                Trace("takes the bucket out");
                fleet.Store.IsOut = true;
                Later(300, 8_000, () => fleet.Store.IsOut = false);
                break;
            case 10:
                Trace($"fills {node.Name}'s disk");
                node.Disk.IsFull = true;
                Later(300, 8_000, () => node.Disk.IsFull = false);
                break;
            case 11:
                Trace($"slows {node.Name}'s disk");
                node.Disk.SyncMax = 3_000;
                Later(300, 8_000, () => node.Disk.SyncMax = 20);
                break;
            case 12:
                node.Clock.WallOffset = TimeSpan.FromMinutes((_random.NextDouble() * 180) - 90);
                break;
            case 14 or 15 when node.Process is { Machine.IsRunning: true, IsReady: true } accused:
                var accuser = _random.Pick(fleet.Nodes);
                if (accuser != node && accuser.Process is { Machine.IsRunning: true, IsReady: true } judge)
                {
                    Trace($"has {accuser.Name} suspect {node.Name}");
                    if (_random.Happens(0.6))
                    {
                        CutOff(node);
                    }

                    judge.Accuse(accused.Self.Session);
                    fleet.Witness(_random.Pick(fleet.Keys), node, accuser);
                }

                break;
            case 16 when node.Process is { Machine.IsRunning: true, IsReady: true } process:
                Trace($"stops {node.Name}");
                process.Stop();
                break;
            case 18 when node.Process is { Machine.IsRunning: true, IsReady: true } process:
                Trace($"has {node.Name} forget what it owns");
                process.Machine.Start(process.Objects.ForgetAllAsync);
                break;
            case 17 when _mayLose && fleet.Oracle.CanLose(node):
                Trace($"burns {node.Name} down");
                _mayLose = false;
                node.Lose();
                break;
            case 13 when _random.Happens(0.3):
                Trace("kills everything");
                foreach (var each in fleet.Nodes)
                {
                    each.Die(restart: false, power: true);
                    Later(300, 3_000, each.Start);
                }

                break;
        }
    }

    /// <summary>Freezes a node while a write of its is under way, has it taken over, and lets it go on while it is asked for the object.</summary>
    private void FreezeInTheMiddle(FleetNode node, NodeProcess process)
    {
        var held = fleet.Keys.Where(process.Claims.Holds).ToList();
        var others = fleet.Nodes.Where(other => other != node && other.Process is { Machine.IsRunning: true, IsReady: true }).ToList();
        if (others.Count == 0 || held.Count == 0)
        {
            return;
        }

        var key = _random.Pick(held);
        var other = _random.Pick(others);
        new SimulatedClient(fleet, 6).Try(key, node, true, static _ => { });
        Later(0.5, 6, () =>
        {
            Trace($"freezes {node.Name} in the middle of a write");
            process.Machine.Freeze();
            Later(40, 100, () =>
            {
                if (_random.Happens(0.7))
                {
                    CutOff(node);
                }

                other.Process?.Accuse(process.Self.Session);
            });
            Later(200, 800, () => fleet.Witness(key, node, other));
            Later(1_500, 4_000, () => process.Machine.Thaw(_random.Happens(0.7)));
        });
    }

    /// <summary>What a node would hear of its own takeover is lost.</summary>
    private void CutOff(FleetNode node)
    {
        foreach (var other in fleet.Nodes.Where(other => other != node))
        {
            fleet.Network.Cut(other.Id, node.Id);
        }

        Later(300, 4_000, fleet.Network.Heal);
    }

    private void Trace(string what) => fleet.Trace("nemesis", what);

    private void Later(double fromMs, double toMs, Action action) => fleet.Scheduler.After(_random.Between(fromMs, toMs), action);
}
