using System.Globalization;

namespace Skerry.Bench.Fleet;

/// <summary>What a node of a fleet is told on its command line. The key is of a cluster that lives as long as the figure.</summary>
internal sealed record FleetNodeArguments(
    string Name, string Zone, int HttpPort, int NodePort, int SiloPort, string Redis, string Key, string Bucket, string Data)
{
    /// <summary>The arguments as <see cref="Parse"/> reads them.</summary>
    public IEnumerable<string> ToArray() =>
        [Name, Zone, Shown(HttpPort), Shown(NodePort), Shown(SiloPort), Redis, Key, Bucket, Data];

    /// <summary>Reads them.</summary>
    public static FleetNodeArguments Parse(ReadOnlySpan<string> args) =>
        new(args[0], args[1], Port(args[2]), Port(args[3]), Port(args[4]), args[5], args[6], args[7], args[8]);

    private static string Shown(int port) => port.ToString(CultureInfo.InvariantCulture);

    private static int Port(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
