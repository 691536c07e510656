using Skerry.Simulation.Bugs;
using Skerry.Simulation.World;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.Fleet;

/// <summary>A node: what outlives its processes.</summary>
internal sealed class FleetNode(SimulatedFleet fleet, string name, string zone, MachineClock clock, SimulatedDisk disk)
{
    private int _starts;

    /// <summary>Its data folder's identity: another one after the folder was lost.</summary>
    public NodeId Id { get; private set; } = new(fleet.Random.Next128());

    /// <summary>Its name, and where it is reached.</summary>
    public string Name => name;

    public string Zone => zone;

    public MachineClock Clock => clock;

    public SimulatedDisk Disk => disk;

    public NodeProcess? Process { get; private set; }

    /// <summary>True if it does not even refuse connections while it is down.</summary>
    public bool IsSilent { get; private set; }

    /// <summary>True once the machine is gone for good, with its disk.</summary>
    public bool IsLost { get; private set; }

    public bool IsDown => Process is null or { Machine.IsDead: true };

    public void Start()
    {
        if (!IsDown || IsLost)
        {
            return;
        }

        _starts++;
        IsSilent = false;
        if (disk.Recover() is { } damage)
        {
            fleet.Trace(name, damage);
            if (fleet.Bug == PlantedBug.TrustADamagedLog)
            {
                disk.ForgetDamage();
            }
            else
            {
                // As FollowedFolder does: it cannot say any more what it has acknowledged and sealed.
                BecomeAnother();
            }
        }

        Process = new NodeProcess(fleet, this, new Machine(fleet.Scheduler, clock, $"{name}.{_starts}"), new SessionId(fleet.Random.Next128()));
        Process.Start();
    }

    /// <summary>The machine burns down.</summary>
    public void Lose()
    {
        Die(restart: false, power: true);
        IsLost = true;
        IsSilent = true;
        disk.Wipe();
        Id = default;
        fleet.Oracle.NodesChanged();
    }

    /// <summary>The machine is replaced by another one, at the same address.</summary>
    public void Replace()
    {
        Die(restart: false, power: true);
        disk.Copies.Clear();
        BecomeAnother();
    }

    /// <summary>The process is killed; with <paramref name="power"/> the whole machine loses it.</summary>
    public void Die(bool restart, bool power)
    {
        if (Process is { Machine.IsDead: false } process)
        {
            process.Machine.Die();
            IsSilent = power;
            if (power)
            {
                disk.Crash();
            }
            else
            {
                disk.ProcessDied();
            }
        }

        if (restart)
        {
            fleet.Scheduler.After(fleet.Random.Between(200, 3_000), Start);
        }
    }

    private void BecomeAnother()
    {
        disk.Wipe();
        Id = new NodeId(fleet.Random.Next128());
        fleet.Oracle.NodesChanged();
    }
}
