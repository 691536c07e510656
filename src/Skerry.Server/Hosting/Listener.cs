using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Skerry.Objects.Fleet;
using Skerry.Server.Configuration;
using Skerry.Storage.Relay.Security;

namespace Skerry.Server.Hosting;

/// <summary>One address that the process listens on.</summary>
/// <param name="name">The setting's key, for error messages.</param>
/// <param name="flag">The command line's flag, for error messages.</param>
/// <param name="url">The configured address.</param>
/// <param name="isUrl">Whether it is written as a URL, and not as <c>HOST:PORT</c>.</param>
internal sealed class Listener(string name, string flag, ListenUrl url, bool isUrl = true)
{
    private readonly string _shown = $"{name} {(isUrl ? url.ToString() : new HostPort(url.Address.ToString(), url.Port).ToString())}";
    private ListenOptions? _bound;

    /// <summary>Where clients on this machine reach the listener; with the real port once it listens.</summary>
    public string ClientUrl => (url with { Port = _bound?.IPEndPoint?.Port ?? url.Port }).ClientUrl;

    /// <summary>
    /// Finds out whether the address is free, so that a start with two wrong addresses reports both and touches no data.
    /// The server's own bind remains the authority: somebody may take the port in between.
    /// </summary>
    /// <returns>Null, or one line that says what is wrong and what to do.</returns>
    public string? Probe()
    {
        if (url.Port == 0)
        {
            return null;
        }

        try
        {
            using var socket = new Socket(url.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(url.Address, url.Port));
            socket.Listen(1);
            return null;
        }
        catch (SocketException e)
        {
            return Describe(e.SocketErrorCode);
        }
    }

    /// <summary>Adds the address to the server, and <paramref name="configure"/> to its connections.</summary>
    public void AddTo(KestrelServerOptions server, Action<ListenOptions>? configure = null) =>
        server.Listen(url.Address, url.Port, options =>
        {
            _bound = options;
            configure?.Invoke(options);
        });

    /// <summary>Adds the address to the server as one for nodes.</summary>
    public void AddTo(KestrelServerOptions server, NodeCertificates certificates) =>
        NodeListener.Listen(server, url.Address, url.Port, certificates, options => _bound = options);

    private string Describe(SocketError error) => error switch
    {
        SocketError.AddressAlreadyInUse => $"{_shown}: the port is taken by another process; stop it, or choose another port with {flag}",
        SocketError.AccessDenied => $"{_shown}: this user may not listen on port {url.Port}; choose a port above 1023 with {flag}",
        SocketError.AddressNotAvailable => $"{_shown}: this machine has no such address; choose one of its own with {flag}",
        _ => $"{_shown}: cannot listen ({error}); choose another address with {flag}",
    };
}
