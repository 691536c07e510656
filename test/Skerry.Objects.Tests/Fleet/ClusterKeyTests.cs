using System.Security.Cryptography;
using Skerry.Storage;
using Skerry.Storage.Relay.Security;

namespace Skerry.Objects.Tests.Fleet;

public sealed class ClusterKeyTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-key-");
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();

    private string File => Path.Combine(_folder.FullName, "sub", ClusterKeyFile.Name);

    public void Dispose()
    {
        _random.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void A_key_survives_its_text_and_its_file()
    {
        var key = ClusterKeyFile.LoadOrCreate(File, _random);
        Assert.Equal(key.Reveal(), ClusterKeyFile.Load(File)!.Reveal());
        Assert.Equal(key.Reveal(), ClusterKeyFile.LoadOrCreate(File, _random).Reveal());
        Assert.True(ClusterKey.TryParse($" {key.Reveal()}\n", out var parsed));
        Assert.Equal(key.Prove("x"), parsed.Prove("x"));
        Assert.NotEqual(key.Prove("x"), parsed.Prove("y"));
        Assert.NotEqual(key.Prove("x"), ClusterKey.Create(_random).Prove("x"));
        Assert.DoesNotContain(key.Reveal(), key.ToString(), StringComparison.Ordinal);
        Assert.Equal([File], Directory.GetFiles(Path.GetDirectoryName(File)!));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        }
    }

    [Fact]
    public void The_same_key_yields_the_same_public_key_on_every_node_and_another_key_another()
    {
        var key = ClusterKey.Create(_random);
        using var one = NodeCertificates.FromClusterKey(key);
        using var two = NodeCertificates.FromClusterKey(key);
        using var other = NodeCertificates.FromClusterKey(ClusterKey.Create(_random));
        Assert.NotEqual(one.Certificate.Thumbprint, two.Certificate.Thumbprint);
        Assert.True(one.IsPeer(two.Certificate));
        Assert.False(one.IsPeer(other.Certificate));
        Assert.False(one.IsPeer(null));
    }

    // The derivation is part of what nodes of different versions have in common. Computed once with a program of
    // its own from RFC 5869's expand step, FIPS 186-5's reduction and the curve's formulas.
    [Fact]
    public void The_derivation_is_the_one_that_other_versions_have()
    {
        Assert.True(ClusterKey.TryParse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", out var key));
        using var certificates = NodeCertificates.FromClusterKey(key);
        Assert.Equal(
            "04d7213c0f45ddc7531eb95b902f19a001d286af83f5572b92cd253ec0bc3778fa2652bcb1387105bfe32b824c1829a64ec4a92013eef1ab8a778dda3bb0849442",
            Convert.ToHexStringLower(certificates.Certificate.PublicKey.ExportSubjectPublicKeyInfo()[^65..]));
        Assert.Equal("5e72bfc115d5795af31d9afa4d0c07e73fd1ccf9e5f9e4aad02ebeb87ca6384a", Convert.ToHexStringLower(key.Prove("c1")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd+h8")]
    public void What_is_no_key_is_refused_with_what_is_accepted(string text)
    {
        Assert.False(ClusterKey.TryParse(text, out _));
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, text);
        if (!OperatingSystem.IsWindows())
        {
            System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var e = Assert.Throws<StorageException>(() => ClusterKeyFile.Load(File));
        Assert.Contains(File, e.Message, StringComparison.Ordinal);
        Assert.Contains("43 characters", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_others_can_read_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        ClusterKeyFile.LoadOrCreate(File, _random);
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<StorageException>(() => ClusterKeyFile.Load(File)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_nodes_that_start_together_on_one_file_all_get_the_same_key()
    {
        var keys = new string[8];
        Parallel.For(0, keys.Length, i => keys[i] = ClusterKeyFile.LoadOrCreate(File, _random).Reveal());
        Assert.Single(keys.Distinct());
    }
}
