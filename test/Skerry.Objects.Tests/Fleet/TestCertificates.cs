using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Skerry.Storage.Relay.Security;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>Certificates of nodes, of an authority's making or of a cluster key's.</summary>
internal static class TestCertificates
{
    public static NodeCertificates FromNewKey()
    {
        using var random = RandomNumberGenerator.Create();
        return NodeCertificates.FromClusterKey(ClusterKey.Create(random));
    }

    /// <summary>A self-signed authority.</summary>
    public static X509Certificate2 Authority(string name)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", pair, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2090, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }

    /// <summary>Writes <c>NAME.pem</c> and <c>NAME.key</c> into the folder, issued by the authority for the given years.</summary>
    public static void Issue(string folder, string name, X509Certificate2 authority, int fromYear = 2021, int toYear = 2089)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", pair, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        using var issued = request.Create(
            authority, new DateTimeOffset(fromYear, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(toYear, 1, 1, 0, 0, 0, TimeSpan.Zero), [1, 2, 3, (byte)name.Length]);
        File.WriteAllText(Path.Combine(folder, $"{name}.pem"), issued.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, $"{name}.key"), pair.ExportPkcs8PrivateKeyPem());
    }
}
