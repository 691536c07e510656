using Skerry.Simulation.World;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.Fleet;

/// <summary>
/// What goes wrong, and when. Permitted faults: processes killed, frozen and started again; power lost, with everything that was
/// not synced; nodes cut off from each other in one direction or both; a lossy, slow, doubling network; a bucket that is out,
/// slow, or unknown in its outcomes; full and slow disks; wall clocks that jump by hours; machines that burn or are replaced
/// by empty ones, and disks on which something becomes illegible, but of no set of followers so many that a record is gone;
/// files in the bucket that become illegible or short, until they are repaired. Not permitted: a disk or a bucket that gives
/// back something else than was written, with the right checksum.
/// </summary>
internal sealed class Nemesis(SimulatedFleet fleet)
{
    private readonly Random _random = new(fleet.Random.Next());
    private int _round;

    public void Start()
    {
        _round++;
        // Most runs are calm in most respects, so that rare things are not lost in noise.
        fleet.Network.LossRate = _random.Happens(0.3) ? _random.NextDouble() * 0.02 : 0.0005;
        fleet.Network.DuplicateRate = _random.Happens(0.5) ? 0.05 : 0;
        fleet.Network.DelayMax = _random.Happens(0.2) ? 400 : 20;
        fleet.Store.FaultRate = _random.Happens(0.4) ? _random.NextDouble() * 0.15 : 0.005;
        Schedule(_round);
    }

    /// <summary>Everything is well again, and stays so.</summary>
    public void End()
    {
        _round++;
        fleet.Network.Heal();
        fleet.Network.LossRate = 0;
        fleet.Network.DuplicateRate = 0;
        fleet.Network.DelayMax = 20;
        fleet.Store.FaultRate = 0;
        fleet.Store.IsOut = false;
        fleet.Store.Repair();
        foreach (var node in fleet.Nodes)
        {
            node.Disk.IsFull = false;
            node.Disk.SyncMax = 20;
            node.Clock.WallOffset = TimeSpan.Zero;
            if (node.Process is { Machine.IsFrozen: true } frozen)
            {
                frozen.Machine.Thaw(_random.Happens(0.5));
            }

            node.Start();
        }
    }

    private void Schedule(int round) => fleet.Scheduler.After(_random.Between(200, 6_000), () =>
    {
        if (round == _round)
        {
            Act();
            Schedule(round);
        }
    });

    private void Act()
    {
        var node = _random.Pick(fleet.Nodes);
        switch (_random.Next(25))
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
                        fleet.Network.Cut(node.Name, other.Name);
                    }

                    if (both || !from)
                    {
                        fleet.Network.Cut(other.Name, node.Name);
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
            case 24 when node.Process is { Machine.IsRunning: true, IsReady: true } process:
                Trace($"has {node.Name} forget what it owns");
                process.Machine.Start(process.Objects.ForgetAllAsync);
                break;
            case 17 when !node.IsLost && _random.Happens(0.5) && fleet.Oracle.CanLose(node):
                Trace($"burns {node.Name} down");
                node.Lose();
                break;
            case 18 when !node.IsLost && _random.Happens(0.5) && fleet.Oracle.CanLose(node):
                Trace($"replaces {node.Name}");
                node.Replace();
                Later(300, 5_000, node.Start);
                break;
            case 19 or 20 when !node.IsLost && fleet.Oracle.CanLose(node) && node.Disk.Damage() is { } damaged:
                Trace($"damages what {node.Name} has stored");
                LookAtDamage(node, damaged.Session);
                break;
            case 21 or 22 or 23:
                DamageBucket();
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
            if (_random.Happens(0.4) && others.Find(each => process.Leader.State.Record.Followers.Any(member => member.Id == each.Id)) is { } follower)
            {
                // Whoever goes on with the write finds a follower that has started anew.
                Later(300, 1_500, () => follower.Die(restart: true, power: _random.Happens(0.5)));
            }

            Later(1_500, 4_000, () => process.Machine.Thaw(_random.Happens(0.7)));
        });
    }

    /// <summary>Has what a node has stored looked at soon: by a takeover, or by its own next start and then by a takeover.</summary>
    private void LookAtDamage(FleetNode node, SessionId damaged)
    {
        var ready = fleet.Nodes.Where(other => other != node && other.Process is { Machine.IsRunning: true, IsReady: true }).ToList();
        var leaders = ready.Where(leader => leader.Process!.Leader.State.Record.Followers.Any(member => member.Id == node.Id)).ToList();
        if (leaders.Count == 0 || ready.Count < 2)
        {
            return;
        }

        var leader = leaders.Find(leader => leader.Process!.Self.Session == damaged) ?? _random.Pick(leaders);
        var (machine, session) = (leader.Process!.Machine, leader.Process.Self.Session);
        var judge = _random.Pick([.. ready.Where(other => other != leader)]);
        if (_random.Happens(0.4))
        {
            Later(0, 300, () => judge.Process?.Accuse(session));
            return;
        }

        // The leader cannot send it again, and those who have it may be out of reach.
        machine.Freeze();
        node.Die(restart: true, power: _random.Happens(0.5));
        var away = fleet.Nodes.Where(other => other != node && other != judge && _random.Happens(0.5)).ToList();
        foreach (var other in away)
        {
            fleet.Nodes.ToList().ForEach(from => fleet.Network.Cut(from.Name, other.Name));
        }

        Later(500, 3_000, () => judge.Process?.Accuse(session));
        Later(4_000, 6_000, () =>
        {
            fleet.Network.Heal();
            machine.Thaw(_random.Happens(0.5));
        });
    }

    /// <summary>Something in the bucket is not as it was put, for a while: mostly something of which somebody will want to know soon.</summary>
    private void DamageBucket()
    {
        var files = fleet.Store.Objects.Keys.Where(static key => BucketKeys.TryParseBundle(key, out _, out _, out _)
            || BucketKeys.TryParseLog(key, out _, out _, out _, out _)
            || BucketKeys.TryParseSnapshot(key, out _, out _, out _, out _)).ToList();
        if (files.Count == 0)
        {
            return;
        }

        Trace("damages files in the bucket");
        for (var i = _random.Next(1, 4); i > 0; i--)
        {
            fleet.Store.Damage(_random.Pick(files));
        }

        Later(1_000, 15_000, fleet.Store.Repair);
    }

    /// <summary>What a node would hear of its own takeover is lost.</summary>
    private void CutOff(FleetNode node)
    {
        foreach (var other in fleet.Nodes.Where(other => other != node))
        {
            fleet.Network.Cut(other.Name, node.Name);
        }

        Later(300, 4_000, fleet.Network.Heal);
    }

    private void Trace(string what) => fleet.Trace("nemesis", what);

    private void Later(double fromMs, double toMs, Action action) => fleet.Scheduler.After(_random.Between(fromMs, toMs), action);
}
