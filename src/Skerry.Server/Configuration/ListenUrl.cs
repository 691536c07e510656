using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Skerry.Server.Configuration;

/// <summary>An address to listen on, written <c>http://HOST:PORT</c>. Immutable.</summary>
/// <param name="Address">The address of one interface, or an "any" address for all of them.</param>
/// <param name="Port">1 to 65535, or 0 to let the system choose a free one.</param>
public sealed record ListenUrl(IPAddress Address, int Port)
{
    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public const string Accepted = "http://HOST:PORT, where HOST is an IP address, localhost, or * for every interface";

    /// <summary>The given port on <c>127.0.0.1</c>.</summary>
    public static ListenUrl Loopback(int port) => new(IPAddress.Loopback, port);

    /// <summary>
    /// The address a client on this machine uses: an "any" address is shown as the loopback of its family, because
    /// nothing can connect to <c>0.0.0.0</c>.
    /// </summary>
    public string ClientUrl
    {
        get
        {
            var host = Address.Equals(IPAddress.Any) ? IPAddress.Loopback
                : Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
                : Address;
            return Format(host);
        }
    }

    /// <summary>Parses <paramref name="text"/>; when it answers false, <paramref name="problem"/> says what is wrong.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ListenUrl? url, [NotNullWhen(false)] out string? problem)
    {
        url = null;
        problem = null;
        if (text.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
        {
            problem = "https is not supported: put a TLS proxy in front and listen on http://127.0.0.1:PORT";
            return false;
        }

        // Uri does not take "*" as a host, so the star is replaced by the address that it stands for.
        var concrete = text.StartsWith("http://*", StringComparison.OrdinalIgnoreCase) ? "http://0.0.0.0" + text[8..] : text;
        if (!Uri.TryCreate(concrete, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp)
        {
            problem = $"is not a URL; accepted is {Accepted}";
            return false;
        }

        if (uri.PathAndQuery != "/" || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
        {
            problem = $"has more than a host and a port; accepted is {Accepted}";
            return false;
        }

        var host = uri.Host.Trim('[', ']');
        var address = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback : null;
        if (address is null && !IPAddress.TryParse(host, out address))
        {
            problem = $"names the host \"{host}\"; accepted is {Accepted}";
            return false;
        }

        url = new ListenUrl(address, uri.Port);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Format(Address);

    private string Format(IPAddress host)
    {
        var name = host.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{host}]" : host.ToString();
        return string.Create(CultureInfo.InvariantCulture, $"http://{name}:{Port}");
    }
}
