using System.Collections.Concurrent;
using Grpc.Net.Client;
using Skerry.Storage.Relay.Grpc.Wire;
using Skerry.Storage.Relay.Security;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>One HTTP/2 connection to each peer, made when it is first needed and again when it has broken. Thread-safe.</summary>
internal sealed class PeerChannels(NodeCertificates certificates, RelayCallOptions options) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Peer>> _peers = new(StringComparer.Ordinal);

    /// <summary>The peer's service.</summary>
    /// <param name="address"><c>HOST:PORT</c>.</param>
    /// <exception cref="UriFormatException">The address is none.</exception>
    public Wire.Relay.RelayClient To(string address) => _peers.GetOrAdd(address, to => new(() => new Peer(to, certificates, options))).Value.Client;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var peer in _peers.Values.Where(one => one.IsValueCreated))
        {
            peer.Value.Dispose();
        }
    }

    private sealed class Peer : IDisposable
    {
        private readonly GrpcChannel _channel;

        public Peer(string address, NodeCertificates certificates, RelayCallOptions options)
        {
            var handler = new SocketsHttpHandler
            {
                UseProxy = false,
                AllowAutoRedirect = false,
                UseCookies = false,
                SslOptions = certificates.ClientOptions(),
                ConnectTimeout = options.ConnectTimeout,
                KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
                KeepAlivePingDelay = options.SilenceMax,
                KeepAlivePingTimeout = options.SilenceMax,
                InitialHttp2StreamWindowSize = 4 << 20,
            };

            // With a client of its own, gRPC neither balances nor waits between attempts to connect: that a peer is gone
            // shows at once, and when to try again is the relay's affair.
            _channel = GrpcChannel.ForAddress(new Uri($"https://{address}"), new GrpcChannelOptions
            {
                HttpClient = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan },
                DisposeHttpClient = true,
                MaxReceiveMessageSize = RelayLimits.MessageBytesMax,
                MaxSendMessageSize = RelayLimits.MessageBytesMax,
            });
            Client = new(_channel);
        }

        public Wire.Relay.RelayClient Client { get; }

        public void Dispose() => _channel.Dispose();
    }
}
