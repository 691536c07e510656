using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Relay.Grpc;

namespace Skerry.Objects.Fleet;

/// <summary>
/// Listens where nodes are heard, and parts what comes there: streams of frames go to the relay as bare sockets, everything
/// else to the web server.
/// </summary>
internal sealed class NodeTransport(IServiceProvider services, ILoggerFactory loggers) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => endpoint is NodeEndPoint;

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket socket;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(e.Message, e);
        }

        try
        {
            return ValueTask.FromResult<IConnectionListener>(new NodeConnections(socket, services.GetService<RelayServer>, loggers));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
