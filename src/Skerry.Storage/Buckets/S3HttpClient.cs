using Amazon.Runtime;

namespace Skerry.Storage.Buckets;

/// <summary>Gives the SDK one HTTP client, for as long as a bucket is open.</summary>
internal sealed class S3HttpClient : HttpClientFactory, IDisposable
{
    private readonly HttpClient _client = new(new WithoutExpect
    {
        InnerHandler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),

            // Addresses of a service change while it is used.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        },
    })
    {
        // Each attempt has its own limit.
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <inheritdoc/>
    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _client;

    /// <inheritdoc/>
    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    /// <inheritdoc/>
    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>Sends contents without waiting for <c>100 Continue</c>.</summary>
    /// <remarks>
    /// The wait costs a round trip. And if a server refuses early, some (Ceph's) go on reading the content that does not
    /// come, and take the connection's next request for it.
    /// </remarks>
    private sealed class WithoutExpect : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.ExpectContinue = false;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
