using System.Net.NetworkInformation;
using Skerry.Objects.Tests.Fleet;

namespace Acceptance.Guides;

/// <summary>Puts ports that nobody uses into the commands of a guide, whose own may be taken.</summary>
internal sealed class PortsOfItsOwn
{
    // Below what systems hand out by themselves, so that they stay free.
    private const int TensFirst = 2000;
    private const int TensLast = 3200;

    private readonly Dictionary<string, string> _replaced = [];

    /// <summary>Replaces ports that end with a digit of the reader's: <c>:880$1</c>, <c>:8801</c>.</summary>
    public PortsOfItsOwn WithTen(string prefix)
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(static one => one.Port / 10).ToHashSet();
        var random = new Random();
        int ten;
        do
        {
            ten = random.Next(TensFirst, TensLast);
        }
        while (taken.Contains(ten) || _replaced.ContainsValue($":{ten}"));
        _replaced.Add($":{prefix}", $":{ten}");
        return this;
    }

    /// <summary>Replaces one port.</summary>
    public PortsOfItsOwn With(string port)
    {
        _replaced.Add(port, $"{FreePort.Next()}");
        return this;
    }

    /// <summary>The commands with other ports.</summary>
    public string In(string commands) => _replaced.Aggregate(commands, static (text, one) => text.Replace(one.Key, one.Value, StringComparison.Ordinal));
}
