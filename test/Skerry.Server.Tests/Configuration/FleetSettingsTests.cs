using System.Security.Cryptography;
using Skerry.Server.Configuration;
using Skerry.Server.Hosting;
using Skerry.Storage;
using Skerry.Storage.Relay.Security;

namespace Skerry.Server.Tests.Configuration;

public sealed class FleetSettingsTests : IDisposable
{
    private const string Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skerry-fleet-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Nodes_of_one_machine_have_names_of_their_own()
    {
        Assert.Equal($"{Environment.MachineName}-9001", Read("[node]\nlisten = \"127.0.0.1:9001\"").Node.Name);
        Assert.Equal("mine", Read("[node]\nname = \"mine\"\nlisten = \"127.0.0.1:9001\"").Node.Name);
    }

    [Fact]
    public void Without_a_membership_a_node_is_alone_and_the_rest_has_its_defaults()
    {
        var options = Read("");
        Assert.False(options.IsFleet);
        Assert.Null(options.Bucket.Url);
        Assert.Equal("skerry", options.Cluster.Name);
        Assert.Equal(Environment.MachineName, options.Node.Name);
        Assert.Equal(Environment.MachineName, options.Node.Zone);
        Assert.Equal("127.0.0.1:8789", options.Node.ReachedAt.ToString());
        Assert.Equal(8790, options.Node.Silo.Port);
        Assert.Equal(NodeRoles.All, options.Node.Roles);
    }

    [Fact]
    public void A_whole_fleet_reads_from_a_file()
    {
        var options = Read(
            """
            [bucket]
            url = "s3://data/skerry/one/"
            endpoint = "http://127.0.0.1:9000"
            region = "eu-central-1"
            path_style = false
            access_key = "a"
            secret_key = "b"
            [cluster]
            membership = "redis://:p%40ss@redis.example:6380/3"
            name = "prod"
            key_file = "secrets/key"
            [node]
            name = "n1"
            zone = "eu-1a"
            listen = "*:9001"
            address = "n1.example:9001"
            silo = "[2001:db8::1]:9002"
            roles = "objects, api"
            """);
        Assert.True(options.IsFleet);
        Assert.Equal(new BucketUrl(null, "data", "skerry/one"), options.Bucket.Url);
        Assert.Equal("s3://data/skerry/one", options.Bucket.Url!.ToString());
        Assert.Equal("http://127.0.0.1:9000/", options.Bucket.Endpoint!.ToString());
        Assert.False(options.Bucket.UsesPathStyle);
        Assert.Equal("redis.example:6380,password=p@ss,defaultDatabase=3", options.Cluster.Membership!.Redis);
        Assert.Null(options.Cluster.Membership.Postgres);
        Assert.Equal(Path.Combine(_folder.FullName, "secrets", "key"), options.Cluster.KeyFile);
        Assert.Equal("http://0.0.0.0:9001", options.Node.Listen.ToString());
        Assert.Equal("n1.example:9001", options.Node.ReachedAt.ToString());
        Assert.Equal("http://[2001:db8::1]:9002", options.Node.Silo.ToString());
        Assert.Equal(NodeRoles.Objects | NodeRoles.Api, options.Node.Roles);
    }

    [Fact]
    public void Every_interface_is_reached_by_the_machines_name_unless_an_address_is_given() =>
        Assert.Equal($"{Environment.MachineName}:9001", Read("[node]\nlisten = \"*:9001\"").Node.ReachedAt.ToString());

    [Theory]
    [InlineData("redis://localhost", "localhost:6379", "redis://localhost:6379")]
    [InlineData("rediss://u:p@h:1", "h:1,user=u,password=p,ssl=true", "rediss://h:1")]
    [InlineData("redis://[::1]:7/0", "[::1]:7,defaultDatabase=0", "redis://[::1]:7/0")]
    public void Redis_becomes_a_configuration_and_its_password_is_not_shown(string written, string configuration, string shown)
    {
        Assert.True(MembershipUrl.TryParse(written, out var url));
        Assert.Equal(configuration, url.Redis);
        Assert.Equal(shown, url.ToString());
    }

    [Theory]
    [InlineData("postgres://h/db", "Host=h;Port=5432;Database=db")]
    [InlineData("postgresql://u:p%3Bq@h:1/db?sslmode=require", "Host=h;Port=1;Database=db;Username=u;Password=\"p;q\";sslmode=require")]
    [InlineData("postgres://h/db?target_session_attrs=any", "Host=h;Port=5432;Database=db;targetsessionattrs=any")]
    public void PostgreSQL_becomes_a_connection_string(string written, string connection)
    {
        Assert.True(MembershipUrl.TryParse(written, out var url));
        Assert.Equal(connection, url.Postgres, ignoreCase: true);
        Assert.DoesNotContain("p;q", url.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_a_bucket()
    {
        Assert.True(BucketUrl.TryParse("file:///var/lib/a%20b/", out var url));
        Assert.False(url.IsS3);
        Assert.Equal("/var/lib/a b", url.Folder!.TrimEnd('/'));
    }

    // One line for each, with what is accepted; what may hold a password is not repeated.
    [Theory]
    [InlineData("--bucket-url=http://x", "accepted is file:///FOLDER or s3://BUCKET[/PREFIX]")]
    [InlineData("--bucket-url=s3://A_B", "\"s3://A_B\" is no bucket")]
    [InlineData("--bucket-url=s3://", "is no bucket")]
    [InlineData("--bucket-url=s3://abc/a//b", "is no bucket")]
    [InlineData("--bucket-url=file://host/x", "is no bucket")]
    [InlineData("--bucket-url=file:///", "is no bucket")]
    [InlineData("--bucket-endpoint=minio:9000", "accepted is http://HOST:PORT")]
    [InlineData("--bucket-endpoint=http://h:1/path", "accepted is http://HOST:PORT")]
    [InlineData("--bucket-region=eu west", "accepted are 1 to 64 letters")]
    [InlineData("--bucket-path-style=yes", "accepted are true and false")]
    [InlineData("--cluster-membership=mysql://u:hunter2@h/d", "--cluster-membership: the value is no membership; accepted is redis://")]
    [InlineData("--cluster-membership=redis://:hunter2,x@h", "accepted is redis://")]
    [InlineData("--cluster-membership=redis://h/hunter2", "accepted is redis://")]
    [InlineData("--cluster-membership=postgres://u:hunter2@h", "accepted is redis://")]
    [InlineData("--cluster-name=", "accepted are 1 to 64 letters")]
    [InlineData("--cluster-key=hunter2", "--cluster-key: the value is no cluster key; accepted is 43 characters of base64url")]
    [InlineData("--cluster-key-file=", "is not a file's path")]
    [InlineData("--node-name=a b", "accepted are 1 to 64 letters")]
    [InlineData("--node-zone=ü", "accepted are 1 to 64 letters")]
    [InlineData("--node-listen=8789", "accepted is HOST:PORT")]
    [InlineData("--node-listen=example.com:1", "is no address to listen on")]
    [InlineData("--node-listen=127.0.0.1:0", "PORT is from 1 to 65535")]
    [InlineData("--node-address=::1:80", "is no address")]
    [InlineData("--node-address=a/b:80", "is no address")]
    [InlineData("--node-silo=127.0.0.1:65536", "PORT is from 1 to 65535")]
    [InlineData("--node-roles=objects,dns", "accepted are one or more of objects, gateway and api")]
    [InlineData("--node-roles=", "accepted are one or more of")]
    public void A_wrong_value_is_one_clear_line(string argument, params string[] expected)
    {
        var error = Assert.Single(Errors(argument));
        Assert.Contains(expected, one => error.Contains(one, StringComparison.Ordinal));
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cluster.membership is set and bucket.url is not", "--cluster-membership=redis://h")]
    [InlineData("bucket.url is set and cluster.membership is not", "--bucket-url=file:///b")]
    [InlineData("bucket.region is set and bucket.url is a folder", "--bucket-url=file:///b", "--cluster-membership=redis://h", "--bucket-region=x")]
    [InlineData("bucket.access_key and bucket.secret_key go together", "--bucket-access-key=x")]
    [InlineData("cluster.key and cluster.key_file are both set", "--cluster-key=" + Key, "--cluster-key-file=x")]
    [InlineData("go together; set all three", "--cluster-certificate=x", "--cluster-ca=y")]
    [InlineData("nodes prove who they are with either", "--cluster-certificate=x", "--cluster-certificate-key=z", "--cluster-ca=y", "--cluster-key=" + Key)]
    [InlineData("node.roles is set and cluster.membership is not", "--node-roles=api")]
    [InlineData("node.listen and node.silo are both 127.0.0.1:8789", "--bucket-url=file:///b", "--cluster-membership=redis://h", "--node-silo=127.0.0.1:8789")]
    [InlineData("api_url and node.listen are both 127.0.0.1:8788", "--bucket-url=file:///b", "--cluster-membership=redis://h", "--node-listen=localhost:8788")]
    [InlineData("one of them is on loopback", "--bucket-url=file:///b", "--cluster-membership=redis://h", "--node-address=n1.example:9001")]
    public void Settings_that_do_not_fit_together_are_one_clear_line(string expected, params string[] arguments) =>
        Assert.Contains(expected, Assert.Single(Errors(arguments)), StringComparison.Ordinal);

    [Fact]
    public void The_key_comes_from_the_setting_or_a_named_file_or_is_made_in_the_data_folder()
    {
        using var random = RandomNumberGenerator.Create();
        Assert.Equal(Key, ClusterSecurity.LoadKey(Read($"cluster.key = \"{Key}\""), random)!.Reveal());

        var made = ClusterSecurity.LoadKey(Read(""), random)!;
        var file = Path.Combine(_folder.FullName, "data", ClusterKeyFile.Name);
        Assert.Equal(made.Reveal() + "\n", File.ReadAllText(file));
        Assert.Equal(made.Reveal(), ClusterSecurity.LoadKey(Read(""), random)!.Reveal());

        File.Move(file, Path.Combine(_folder.FullName, "k"));
        Assert.Equal(made.Reveal(), ClusterSecurity.LoadKey(Read("cluster.key_file = \"k\""), random)!.Reveal());
        var missing = Assert.Throws<StorageException>(() => ClusterSecurity.LoadKey(Read("cluster.key_file = \"missing\""), random));
        Assert.Contains("skerry cluster key", missing.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder.FullName, "missing")));
    }

    private SkerryServerOptions Read(string file)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "skerry.toml"), file);
        var read = ConfigurationReader.Read([], new Dictionary<string, string>(), _folder.FullName);
        Assert.Empty(read.Errors);
        return read.Options;
    }

    private IReadOnlyList<string> Errors(params string[] arguments) =>
        ConfigurationReader.Read(arguments, new Dictionary<string, string>(), _folder.FullName).Errors;
}
