using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;

namespace Integration.Network;

/// <summary>
/// Machines on one switch: network namespaces, each with a virtual cable to a bridge. The test itself sits on the bridge as
/// well, and reaches all of them; nothing of it is reachable from outside this computer.
/// </summary>
internal sealed class PrivateNetwork : IDisposable
{
    private const int HostsMax = 200;

    private readonly string _bridge = $"skb{Environment.ProcessId}";
    private readonly string _prefix;
    private readonly List<Machine> _machines = [];

    private PrivateNetwork()
    {
        RemoveLeftovers();
        _prefix = FreePrefix();
        Ip("link", "add", _bridge, "type", "bridge");
        Ip("address", "add", $"{_prefix}.254/24", "dev", _bridge);
        Ip("link", "set", _bridge, "up");
    }

    /// <summary>Makes an empty network; where the system does not let namespaces be made, the test is skipped and says why.</summary>
    public static PrivateNetwork Create()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Network namespaces can be made by root only.");
        return new PrivateNetwork();
    }

    /// <summary>Adds a machine, with a cable to the switch.</summary>
    public Machine Add(string name)
    {
        var number = _machines.Count + 1;
        Assert.True(number < HostsMax);
        var (space, near, far) = ($"sk{Environment.ProcessId}-{name}", $"skv{Environment.ProcessId}.{number}", $"skw{Environment.ProcessId}.{number}");
        Ip("netns", "add", space);
        var machine = new Machine(space, near, IPAddress.Parse($"{_prefix}.{number}"));
        _machines.Add(machine);
        Ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", space);
        Ip("link", "set", near, "master", _bridge, "up");
        Ip("-netns", space, "link", "set", far, "name", Machine.Device);
        Ip("-netns", space, "address", "add", $"{machine.Address}/24", "dev", Machine.Device);
        Ip("-netns", space, "link", "set", Machine.Device, "up");
        Ip("-netns", space, "link", "set", "lo", "up");
        return machine;
    }

    /// <summary>
    /// Nothing passes between the two groups any more, in either direction. As good as at once for <paramref name="some"/>:
    /// who loses its followers one by one changes its set meanwhile.
    /// </summary>
    public static void Cut(IReadOnlyCollection<Machine> some, IReadOnlyCollection<Machine> others)
    {
        Parallel.ForEach(some, one => one.LoseAllTo([.. others]));
        Parallel.ForEach(others, other => other.LoseAllTo([.. some]));
    }

    /// <summary>All machines reach each other again.</summary>
    public void Heal()
    {
        foreach (var machine in _machines)
        {
            machine.Heal();
        }
    }

    public void Dispose()
    {
        foreach (var machine in _machines)
        {
            Ip("netns", "delete", machine.Space);
        }

        Ip("link", "delete", _bridge);
    }

    /// <summary>Runs <c>ip</c>, and fails with what it says.</summary>
    internal static void Ip(params string[] arguments) => Run("ip", arguments);

    /// <summary>Runs a command, and fails with what it says.</summary>
    internal static string Run(string command, params string[] arguments) => RunWith("", command, arguments);

    /// <summary>Runs a command with an input, and fails with what it says.</summary>
    internal static string RunWith(string input, string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{command} {string.Join(' ', arguments)}: {errors.Result}");
        return output;
    }

    // What a run left behind that was killed.
    private static void RemoveLeftovers()
    {
        foreach (var space in Run("ip", "netns", "list").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' ')[0]))
        {
            if (space.StartsWith("sk", StringComparison.Ordinal) && space.IndexOf('-', StringComparison.Ordinal) is > 2 and var dash && IsOver(space[2..dash]))
            {
                Ip("netns", "delete", space);
            }
        }

        foreach (var bridge in NetworkInterface.GetAllNetworkInterfaces().Select(static i => i.Name).Where(static name => name.StartsWith("skb", StringComparison.Ordinal)))
        {
            if (IsOver(bridge[3..]))
            {
                Ip("link", "delete", bridge);
            }
        }
    }

    private static bool IsOver(string process) => int.TryParse(process, out var id) && !Directory.Exists($"/proc/{id}");

    private static string FreePrefix()
    {
        var taken = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(static i => i.GetIPProperties().UnicastAddresses)
            .Select(static a => a.Address.ToString())
            .ToList();
        return Enumerable.Range(0, 250)
            .Select(static i => $"10.231.{(Environment.ProcessId + i) % 250}")
            .First(prefix => !taken.Exists(address => address.StartsWith(prefix + ".", StringComparison.Ordinal)));
    }
}
