using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Time.Testing;
using Skerry.Storage;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Security;
using Wire = Skerry.Storage.Relay.Grpc.Wire;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>Who gets through the handshake between nodes, in both directions, and what those are told who do not.</summary>
public sealed class NodeAuthenticationTests : IDisposable
{
    private static readonly NodeInfo Self = new(new(7), new(8), "a", "north", "127.0.0.1:1");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-certificates-");
    private readonly X509Certificate2 _authority = TestCertificates.Authority("cluster");
    private readonly RecordingService _service = new();

    public NodeAuthenticationTests() => File.WriteAllText(Path("ca.pem"), _authority.ExportCertificatePem());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Nodes_with_the_same_key_hear_each_other_over_tls_1_3()
    {
        using var certificates = TestCertificates.FromNewKey();
        await using var node = await RelayNode.StartAsync(_service, certificates);
        await node.Transport.GreetAsync(node.Address, Self, Cancel);
        using var old = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = With(certificates.ClientOptions(), options => options.EnabledSslProtocols = SslProtocols.Tls12),
        });
        await Assert.ThrowsAsync<HttpRequestException>(() => old.SendAsync(Http2($"https://{node.Address}/"), Cancel));
    }

    [Fact]
    public async Task Another_key_is_refused_and_the_message_says_what_to_compare()
    {
        using var certificates = TestCertificates.FromNewKey();
        using var others = TestCertificates.FromNewKey();
        await using var node = await RelayNode.StartAsync(_service, certificates);
        using var stranger = new RelayTransport(others, new("c1", "a"), TimeProvider.System);
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => stranger.GreetAsync(node.Address, Self, Cancel));
        Assert.Contains("another cluster key", e.Message, StringComparison.Ordinal);
        Assert.Contains("cluster.key", e.Message, StringComparison.Ordinal);
        Assert.Contains(node.Address, e.Message, StringComparison.Ordinal);
        Assert.False(e.Refused);
        var streaming = await Assert.ThrowsAsync<PeerUnreachableException>(() => stranger.ConnectAsync(node.Info, new(Self, 0), new RecordingEvents(), Cancel));
        Assert.Equal(e.Message, streaming.Message);
        Assert.Empty(_service.Calls);
    }

    [Fact]
    public async Task A_caller_that_believes_everybody_is_refused_for_its_own_certificate()
    {
        using var certificates = TestCertificates.FromNewKey();
        using var others = TestCertificates.FromNewKey();
        foreach (var (with, objection) in new (NodeCertificates?, string)[] { (others, "another cluster key"), (null, "no certificate") })
        {
            // A node each: of many callers, a node tells of the first.
            await using var node = await RelayNode.StartAsync(_service, certificates);
            var options = with?.ClientOptions() ?? new() { EnabledSslProtocols = SslProtocols.Tls13 };
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
            using var channel = GrpcChannel.ForAddress($"https://{node.Address}", new() { HttpHandler = new SocketsHttpHandler { SslOptions = options } });
            var call = new Wire.Relay.RelayClient(channel).GreetAsync(new(), new RelayIdentity("c1", "a").ToHeaders(), cancellationToken: Cancel);
            var e = await Assert.ThrowsAsync<RpcException>(async () => await call);
            Assert.NotEqual(StatusCode.OK, e.StatusCode);
            Assert.Contains(node.Log.All, line => line.Contains(objection, StringComparison.Ordinal));
        }

        Assert.Empty(_service.Calls);
    }

    [Fact]
    public async Task Plain_http_is_not_answered()
    {
        using var certificates = TestCertificates.FromNewKey();
        await using var node = await RelayNode.StartAsync(_service, certificates);
        using var plain = new HttpClient();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => plain.SendAsync(Http2($"http://{node.Address}/"), Cancel));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => plain.GetAsync($"http://{node.Address}/", Cancel));
    }

    [Fact]
    public async Task A_server_that_speaks_no_tls_is_told_from_a_node()
    {
        using var certificates = TestCertificates.FromNewKey();
        using var plain = new HttpListenerOnLoopback();
        using var transport = new RelayTransport(certificates, new("c1", "a"), TimeProvider.System);
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => transport.GreetAsync(plain.Address, Self, Cancel));
        Assert.Contains("node.address", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_of_one_authority_hear_each_other()
    {
        using var one = Issue("one");
        using var two = Issue("two");
        await using var node = await RelayNode.StartAsync(_service, one);
        using var transport = new RelayTransport(two, new("c1", "a"), TimeProvider.System);
        Assert.Equal(2, (await transport.GreetAsync(node.Address, Self, Cancel)).Count);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused()
    {
        using var elsewhere = TestCertificates.Authority("elsewhere");
        File.WriteAllText(Path("elsewhere.pem"), elsewhere.ExportCertificatePem());
        using var own = Issue("one");
        TestCertificates.Issue(_folder.FullName, "foreign", elsewhere);
        using var foreign = NodeCertificates.Load(Path("foreign.pem"), Path("foreign.key"), Path("elsewhere.pem"), TimeProvider.System);
        Assert.False(own.IsPeer(foreign.Certificate));
        Assert.False(foreign.IsPeer(own.Certificate));
        await using var node = await RelayNode.StartAsync(_service, own);
        using var transport = new RelayTransport(foreign, new("c1", "a"), TimeProvider.System);
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => transport.GreetAsync(node.Address, Self, Cancel));
        Assert.Contains("cluster.ca", e.Message, StringComparison.Ordinal);
        Assert.Empty(_service.Calls);
    }

    [Fact]
    public async Task A_certificate_that_expires_while_the_node_runs_is_refused()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var lasting = Issue("lasting", time: time);
        using var expiring = Issue("expiring", toYear: 2030);
        Assert.True(lasting.IsPeer(expiring.Certificate));
        time.SetUtcNow(new DateTimeOffset(2031, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.False(lasting.IsPeer(expiring.Certificate));
        await using var node = await RelayNode.StartAsync(_service, expiring);
        using var transport = new RelayTransport(lasting, new("c1", "a"), TimeProvider.System);
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => transport.GreetAsync(node.Address, Self, Cancel));
        Assert.Contains("expired", e.Message, StringComparison.Ordinal);
        Assert.Contains("CN=expiring", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_do_not_serve_are_named_with_the_setting()
    {
        TestCertificates.Issue(_folder.FullName, "node", _authority);
        TestCertificates.Issue(_folder.FullName, "other", _authority);
        TestCertificates.Issue(_folder.FullName, "old", _authority, toYear: 2022);
        File.WriteAllText(Path("empty.pem"), "");
        Assert.Contains("cluster.certificate: ", Refused("missing.pem", "node.key", "ca.pem"), StringComparison.Ordinal);
        Assert.Contains("cluster.certificate: ", Refused("empty.pem", "node.key", "ca.pem"), StringComparison.Ordinal);
        Assert.Contains("cluster.certificate_key: ", Refused("node.pem", "missing.key", "ca.pem"), StringComparison.Ordinal);
        Assert.Contains("cluster.certificate_key: ", Refused("node.pem", "other.key", "ca.pem"), StringComparison.Ordinal);
        Assert.Contains("cluster.ca: ", Refused("node.pem", "node.key", "missing.pem"), StringComparison.Ordinal);
        Assert.Contains("cluster.ca: ", Refused("node.pem", "node.key", "node.key"), StringComparison.Ordinal);
        Assert.Contains("expired", Refused("old.pem", "old.key", "ca.pem"), StringComparison.Ordinal);

        string Refused(string certificate, string key, string ca) =>
            Assert.Throws<StorageException>(() => NodeCertificates.Load(Path(certificate), Path(key), Path(ca), TimeProvider.System)).Message;
    }

    [Theory]
    [InlineData(RelayIdentity.ProtocolNewest + 1, RelayIdentity.ProtocolNewest + 3)]
    [InlineData(0, RelayIdentity.ProtocolOldest - 1)]
    public async Task A_version_with_which_no_protocol_is_shared_is_refused_on_both_sides(int oldest, int newest)
    {
        using var certificates = TestCertificates.FromNewKey();
        var identity = new RelayIdentity("c1", "new");
        await using var node = await RelayNode.StartAsync(_service, certificates);
        using var channel = GrpcChannel.ForAddress(
            $"https://{node.Address}", new() { HttpHandler = new SocketsHttpHandler { SslOptions = certificates.ClientOptions() } });
        var e = await Assert.ThrowsAsync<RpcException>(async () => await new Wire.Relay.RelayClient(channel).GreetAsync(
            new() { Caller = new() }, identity.ToHeaders(oldest, newest), cancellationToken: Cancel));
        Assert.Equal(StatusCode.FailedPrecondition, e.StatusCode);
        Assert.Contains($"new speaks {oldest}-{newest}", e.Status.Detail, StringComparison.Ordinal);
        Assert.Contains(e.Status.Detail, Assert.Single(node.Log.All), StringComparison.Ordinal);
        Assert.Empty(_service.Calls);

        // The other way round, what the server says of itself is checked too.
        var objection = new RelayIdentity("c1", "a").Objection(identity.ToHeaders(oldest, newest), "the server");
        Assert.Contains("versions of nodes a and new", objection, StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_version_that_still_speaks_our_protocol_is_welcome() => Assert.Null(
        new RelayIdentity("c1", "a").Objection(new RelayIdentity("c1", "b").ToHeaders(RelayIdentity.ProtocolNewest, RelayIdentity.ProtocolNewest + 5), "b"));

    [Fact]
    public async Task A_server_that_is_no_node_is_told_from_one()
    {
        using var certificates = TestCertificates.FromNewKey();
        await using var other = await RelayNode.StartAsync(_service, certificates, mapped: false);
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => other.Transport.GreetAsync(other.Address, Self, Cancel));
        Assert.Contains(other.Address, e.Message, StringComparison.Ordinal);
    }

    private static HttpRequestMessage Http2(string url) => new(HttpMethod.Get, url) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private static SslClientAuthenticationOptions With(SslClientAuthenticationOptions options, Action<SslClientAuthenticationOptions> change)
    {
        change(options);
        return options;
    }

    private NodeCertificates Issue(string name, int toYear = 2089, TimeProvider? time = null)
    {
        TestCertificates.Issue(_folder.FullName, name, _authority, toYear: toYear);
        return NodeCertificates.Load(Path($"{name}.pem"), Path($"{name}.key"), Path("ca.pem"), time ?? TimeProvider.System);
    }

    private string Path(string file) => System.IO.Path.Combine(_folder.FullName, file);
}
