using System.Net;

namespace Skerry.Server.Configuration;

/// <summary>What tells this node from the others of its fleet.</summary>
public sealed class NodeOptions
{
    private const int ListenPort = 8789;

    /// <summary>The name that people know it by. Default: the machine's, with the port of <see cref="Listen"/> unless that is its default too.</summary>
    public string Name
    {
        get => field ?? (Listen.Port == ListenPort ? Environment.MachineName : $"{Environment.MachineName}-{Listen.Port}");
        set;
    }

    /// <summary>What fails together. Default: the machine's name.</summary>
    public string Zone { get; set; } = Environment.MachineName;

    /// <summary>Where it listens for other nodes. Default <c>127.0.0.1:8789</c>.</summary>
    public ListenUrl Listen { get; set; } = ListenUrl.Loopback(ListenPort);

    /// <summary>Where its Orleans silo listens. Default <c>127.0.0.1:8790</c>.</summary>
    public ListenUrl Silo { get; set; } = ListenUrl.Loopback(8790);

    /// <summary>Where other nodes reach <see cref="Listen"/>; null for <see cref="Listen"/> itself, and the machine's name if that is every interface.</summary>
    public HostPort? Address { get; set; }

    /// <summary>What it does. Default: everything.</summary>
    public NodeRoles Roles { get; set; } = NodeRoles.All;

    /// <summary><see cref="Address"/>, with its default.</summary>
    public HostPort ReachedAt => Address ?? new(
        Listen.Address.Equals(IPAddress.Any) || Listen.Address.Equals(IPAddress.IPv6Any) ? Environment.MachineName : Listen.Address.ToString(),
        Listen.Port);
}
