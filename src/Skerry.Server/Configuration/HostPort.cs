using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Skerry.Server.Configuration;

/// <summary>An address written <c>HOST:PORT</c>. Immutable.</summary>
/// <param name="Host">A name, or an IP address without brackets.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record HostPort(string Host, int Port)
{
    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public const string Accepted = "HOST:PORT, with a name or an IP address (IPv6 in brackets) and a port from 1 to 65535";

    /// <summary>The same without names, for <see cref="TryParseListen"/>.</summary>
    public const string AcceptedListen = "HOST:PORT, where HOST is an IP address, localhost, or * for every interface, and PORT is from 1 to 65535";

    /// <summary>Parses an address to connect to.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HostPort? address)
    {
        address = null;
        var colon = text.LastIndexOf(':');
        if (colon < 1
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > ushort.MaxValue)
        {
            return false;
        }

        var host = text[..colon];
        var kind = Uri.CheckHostName(host);
        if (kind is UriHostNameType.Unknown || (kind is UriHostNameType.IPv6 && !host.StartsWith('[')))
        {
            return false;
        }

        address = new(host.Trim('[', ']'), port);
        return true;
    }

    /// <summary>Parses an address to listen on.</summary>
    public static bool TryParseListen(string text, [NotNullWhen(true)] out ListenUrl? listen)
    {
        listen = null;
        var concrete = text.StartsWith("*:", StringComparison.Ordinal) ? "0.0.0.0" + text[1..] : text;
        if (!TryParse(concrete, out var address))
        {
            return false;
        }

        var ip = address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback : null;
        if (ip is null && !IPAddress.TryParse(address.Host, out ip))
        {
            return false;
        }

        listen = new(ip, address.Port);
        return true;
    }

    /// <summary>Whether it is this machine as only this machine can reach it.</summary>
    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
