using Skerry.Simulation.World;
using Skerry.Storage.Relay;

namespace Skerry.Simulation.Fleet;

/// <summary>A node: what outlives its processes.</summary>
internal sealed class FleetNode(SimulatedFleet fleet, NodeId id, string name, string zone, MachineClock clock, SimulatedDisk disk)
{
    private int _starts;

    public NodeId Id => id;

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
        Process = new NodeProcess(fleet, this, new Machine(fleet.Scheduler, clock, $"{name}.{_starts}"), new SessionId(fleet.Random.Next128()));
        Process.Start();
    }

    /// <summary>The machine burns down.</summary>
    public void Lose()
    {
        Die(restart: false, power: true);
        IsLost = true;
        IsSilent = true;
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
}
