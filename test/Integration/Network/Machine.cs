using System.Diagnostics;
using System.Net;
using static Integration.Network.PrivateNetwork;

namespace Integration.Network;

/// <summary>
/// One machine of a <see cref="PrivateNetwork"/>. Its disk is the computer's own; its network is not.
/// </summary>
/// <param name="space">The namespace.</param>
/// <param name="cable">The switch's end of its cable.</param>
/// <param name="address">Where others reach it.</param>
internal sealed class Machine(string space, string cable, IPAddress address)
{
    /// <summary>The machine's end of the cable.</summary>
    public const string Device = "eth0";

    // Nobody has it: the switch delivers it to all, and all throw it away.
    private const string NobodysHardwareAddress = "02:00:00:00:00:00";

    private readonly List<IPAddress> _lost = [];
    private bool _limited;

    public string Space => space;

    public IPAddress Address => address;

    /// <summary>A command that runs on this machine; it becomes the process that is started.</summary>
    public ProcessStartInfo Command(string command, params string[] arguments) => new("nsenter", [$"--net=/run/netns/{space}", command, .. arguments]);

    /// <summary>What it sends to <paramref name="others"/> gets lost without a word. The other direction stays as it is.</summary>
    public void LoseAllTo(params IReadOnlyList<Machine> others)
    {
        var batch = others.Select(static other => $"neighbour replace {other.Address} lladdr {NobodysHardwareAddress} dev {Device} nud permanent\n");
        RunWith(string.Concat(batch), "ip", "-netns", space, "-batch", "-");
        _lost.AddRange(others.Select(static other => other.Address));
    }

    /// <summary>Pulls the cable.</summary>
    public void Unplug() => Ip("link", "set", cable, "down");

    /// <summary>Lets so many bits a second through, in either direction, and holds the rest back.</summary>
    public void Limit(string rate)
    {
        string[] shape = ["root", "tbf", "rate", rate, "burst", "4kb", "latency", "5s"];
        Run("tc", ["qdisc", "add", "dev", cable, .. shape]);
        Run("tc", ["-netns", space, "qdisc", "add", "dev", Device, .. shape]);
        _limited = true;
    }

    /// <summary>Undoes all of it.</summary>
    public void Heal()
    {
        foreach (var other in _lost.Distinct())
        {
            Ip("-netns", space, "neighbour", "delete", other.ToString(), "dev", Device);
        }

        _lost.Clear();
        if (_limited)
        {
            Run("tc", "qdisc", "delete", "dev", cable, "root");
            Run("tc", "-netns", space, "qdisc", "delete", "dev", Device, "root");
            _limited = false;
        }

        Ip("link", "set", cable, "up");
    }
}
