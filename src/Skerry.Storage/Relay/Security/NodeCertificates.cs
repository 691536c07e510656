using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Skerry.Storage.Relay.Security;

/// <summary>
/// What a node shows to other nodes, and whom it takes for one. Either made from the cluster's key, then a peer is
/// whoever shows the one public key that the cluster's key yields; or read from files, then a peer is whoever shows a
/// certificate of the cluster's own authority. Names in certificates play no part. Thread-safe.
/// </summary>
public sealed class NodeCertificates : IDisposable
{
    private readonly Func<X509Certificate2, X509Chain?, string?> _objection;
    private readonly SslStreamCertificateContext _context;

    private NodeCertificates(X509Certificate2 certificate, X509Certificate2Collection intermediates, Func<X509Certificate2, X509Chain?, string?> objection, string hint)
    {
        Certificate = certificate;
        _context = SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
        _objection = objection;
        Hint = hint;
    }

    /// <summary>This node's certificate, with its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>What to check when a peer is refused, for error messages.</summary>
    public string Hint { get; }

    /// <summary>Makes the certificate from the cluster's key; nothing is stored.</summary>
    public static NodeCertificates FromClusterKey(ClusterKey key)
    {
        using var pair = key.DeriveKeyPair();
        var request = new CertificateRequest("CN=skerry node", pair, HashAlgorithmName.SHA256);

        // The key is what counts. A period of validity would add nothing but trouble with clocks that are wrong.
        var certificate = request.CreateSelfSigned(
            new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero));
        var expected = certificate.PublicKey.ExportSubjectPublicKeyInfo();
        return new(
            certificate,
            [],
            (peer, _) => CryptographicOperations.FixedTimeEquals(peer.PublicKey.ExportSubjectPublicKeyInfo(), expected)
                ? null
                : "it has another cluster key",
            $"all nodes of a cluster need the same key: compare the file {ClusterKeyFile.Name} of both nodes, or their setting cluster.key");
    }

    /// <summary>Reads a certificate from PEM files. They are read once: renewed ones count after a restart.</summary>
    /// <param name="certificateFile">The node's certificate, followed by those of intermediate authorities, if any.</param>
    /// <param name="keyFile">Its private key, not encrypted.</param>
    /// <param name="caFile">The cluster's own authority, one or more certificates. Whoever has a certificate of it is a node.</param>
    /// <param name="time">Says which certificates have expired.</param>
    /// <exception cref="StorageException">A file cannot be read, they do not fit together, or the certificate would be refused by the other nodes.</exception>
    public static NodeCertificates Load(string certificateFile, string keyFile, string caFile, TimeProvider time)
    {
        var authorities = ReadAll("cluster.ca", caFile);
        var presented = ReadAll("cluster.certificate", certificateFile);
        X509Certificate2 own;
        try
        {
            own = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"cluster.certificate_key: {keyFile} does not hold the private key of {certificateFile} (PEM, not encrypted): {e.Message}", e);
        }

        X509Certificate2Collection intermediates = [.. presented.Skip(1)];
        if (Chain(own, intermediates, authorities, time) is { } problem)
        {
            throw new StorageException($"cluster.certificate: {certificateFile} would be refused by the other nodes: {problem}. Have it issued by the authority in {caFile}, or renewed.");
        }

        return new(
            own,
            intermediates,
            (peer, chain) => Chain(peer, chain is null ? [] : [.. chain.ChainPolicy.ExtraStore], authorities, time),
            $"all nodes of a cluster need certificates of the same authority: compare cluster.ca ({caFile}) with the other node's, and look whether its certificate has expired");
    }

    /// <summary>Whether a certificate is one of a node of this cluster.</summary>
    /// <param name="certificate">What the peer has shown; null, and refused, if it has shown none.</param>
    /// <param name="chain">What came with it: intermediate authorities are taken from it, and nothing else.</param>
    public bool IsPeer(X509Certificate2? certificate, X509Chain? chain = null) => Objection(certificate, chain) is null;

    /// <summary>Why a certificate is refused; null if it is one of a node of this cluster.</summary>
    public string? Objection(X509Certificate2? certificate, X509Chain? chain = null) =>
        certificate is null ? "it has shown no certificate" : _objection(certificate, chain);

    /// <summary>What a node that is called asks of TLS: version 1.3, and a peer's certificate.</summary>
    /// <param name="refused">Hears why a caller was refused.</param>
    public SslServerAuthenticationOptions ServerOptions(Action<string>? refused = null) => new()
    {
        ServerCertificateContext = _context,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,

        // A resumed session would not show its certificate again.
        AllowTlsResume = false,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
        {
            var objection = Objection(certificate as X509Certificate2, chain);
            if (objection is not null)
            {
                refused?.Invoke(objection);
            }

            return objection is null;
        },
    };

    /// <summary>What a node that calls asks of TLS: version 1.3, and a peer's certificate.</summary>
    public SslClientAuthenticationOptions ClientOptions() => new()
    {
        ClientCertificateContext = _context,
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        AllowTlsResume = false,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            Objection(certificate as X509Certificate2, chain) is { } objection
                ? throw new PeerCertificateException($"{objection}; {Hint}")
                : true,
    };

    /// <inheritdoc/>
    public void Dispose() => Certificate.Dispose();

    private static string? Chain(X509Certificate2 certificate, X509Certificate2Collection extra, X509Certificate2Collection authorities, TimeProvider time)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(extra);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        if (chain.Build(certificate))
        {
            return null;
        }

        var faults = chain.ChainStatus.Select(one => one.StatusInformation.Trim().TrimEnd('.')).Where(one => one.Length > 0).Distinct();
        return $"its certificate \"{certificate.Subject}\" does not hold: {string.Join(", ", faults)}";
    }

    private static X509Certificate2Collection ReadAll(string setting, string file)
    {
        try
        {
            X509Certificate2Collection all = [];
            all.ImportFromPemFile(file);
            return all.Count > 0 ? all : throw new CryptographicException("it holds no certificate.");
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{setting}: {file} cannot be used (PEM is accepted): {e.Message}", e);
        }
    }
}

/// <summary>A node that was called has shown a certificate that is not one of this cluster.</summary>
internal sealed class PeerCertificateException(string message) : AuthenticationException(message);
