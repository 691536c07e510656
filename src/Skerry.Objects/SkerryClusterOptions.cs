using System.Net;
using Skerry.Storage.Relay.Security;

namespace Skerry.Objects;

/// <summary>How this node joins others. Membership lives in Redis or in PostgreSQL; exactly one of them is named.</summary>
public sealed class SkerryClusterOptions
{
    /// <summary>The cluster's name: nodes with another one in the same membership store do not see each other. Default <c>skerry</c>.</summary>
    public string Name { get; set; } = "skerry";

    /// <summary>What fails together: a machine, a rack, a site. A location hint prefers the zone that has its code as name. Default empty.</summary>
    public string Zone { get; set; } = "";

    /// <summary>False for a node that calls objects and has none itself. Default true.</summary>
    public bool HostsObjects { get; set; } = true;

    /// <summary>A StackExchange.Redis configuration, such as <c>HOST:PORT,password=…</c>; null if membership is not in Redis.</summary>
    public string? Redis { get; set; }

    /// <summary>An Npgsql connection string; null if membership is not in PostgreSQL. Missing tables are made.</summary>
    public string? Postgres { get; set; }

    /// <summary>Where calls of other nodes are taken. A port of its own, the same at every start: by it objects find back to their node.</summary>
    public IPEndPoint Listen { get; set; } = new(IPAddress.Loopback, 11_111);

    /// <summary>Where other nodes reach <see cref="Listen"/>; null if that is the same.</summary>
    public IPEndPoint? Advertise { get; set; }

    /// <summary>
    /// Where other nodes reach this node's internal HTTP listener: <c>https://HOST:PORT</c>. The application calls
    /// <see cref="InternalObjectEndpoints.MapInternalObjects"/>. Null if no object here answers HTTP.
    /// </summary>
    public string? InternalUrl { get; set; }

    /// <summary>What this node shows other nodes, and whom it takes for one; null for traffic in the clear, which is for loopback only.</summary>
    public NodeCertificates? Certificates { get; set; }

    /// <summary>How long a node may take to answer a probe. Default 700 ms; one that misses <see cref="ProbesMissedMax"/> in a row is declared dead.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromMilliseconds(700);

    /// <summary>Probes missed in a row that make a node dead. Default 3.</summary>
    public int ProbesMissedMax { get; set; } = 3;

    /// <summary>How long a call waits for an object whose node has died, before it fails. Default 30 s.</summary>
    public TimeSpan FailoverPatience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an object that leaves this node in good order lets calls under way end. Default 5 s.</summary>
    public TimeSpan ReleaseGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What a fenced or dead node does with itself; null for ending the process at once, with this code.</summary>
    internal Action<int>? EndProcess { get; set; }

    /// <summary>True where something else than the relay says who owns an object, or where nothing is stored: in tests of membership.</summary>
    internal bool HasHomeOfItsOwn { get; set; }

    internal IEnumerable<string> Faults()
    {
        if (Redis is null == Postgres is null)
        {
            yield return "A cluster needs a membership store: give either Redis or Postgres.";
        }

        if (string.IsNullOrWhiteSpace(Name))
        {
            yield return "The cluster's name is empty.";
        }

        if (Listen.Port == 0)
        {
            yield return "The cluster's listening port is 0; give a fixed one.";
        }

        if (Certificates is null && !IPAddress.IsLoopback((Advertise ?? Listen).Address))
        {
            yield return $"Traffic between nodes at {Advertise ?? Listen} would be in the clear; give a certificate.";
        }

        if (InternalUrl is not null && !(Uri.TryCreate(InternalUrl, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps))
        {
            yield return $"The internal address '{InternalUrl}' does not name a listener for nodes; give https://HOST:PORT.";
        }

        if (InternalUrl is not null && Certificates is null)
        {
            yield return "A listener for nodes needs certificates.";
        }

        if (ProbeTimeout < TimeSpan.FromMilliseconds(50) || ProbesMissedMax < 1)
        {
            yield return $"Probes of {ProbeTimeout.TotalMilliseconds:0} ms, {ProbesMissedMax} missed, would take living nodes for dead; give at least 50 ms and 1.";
        }
    }
}
