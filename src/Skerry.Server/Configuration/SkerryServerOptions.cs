namespace Skerry.Server.Configuration;

/// <summary>
/// The process settings of <c>skerry</c>. Filled once at start from, in rising priority: the defaults here, the
/// configuration file, <c>SKERRY_…</c> environment variables, the command line. Not changed afterwards.
/// </summary>
public sealed class SkerryServerOptions
{
    /// <summary>The folder that holds everything the node keeps. Default <c>./data</c>; created at first start.</summary>
    public string DataFolder { get; set; } = "./data";

    /// <summary>Where the management API and the dashboard listen. Default <c>http://127.0.0.1:8788</c>.</summary>
    public ListenUrl ApiUrl { get; set; } = ListenUrl.Loopback(8788);

    /// <summary>Where the gateway listens, which serves the objects' own HTTP. Default <c>http://127.0.0.1:8787</c>.</summary>
    public ListenUrl GatewayUrl { get; set; } = ListenUrl.Loopback(8787);

    /// <summary>The least severe log entries that are written to stderr. Default <see cref="LogLevel.Warning"/>.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Warning;

    /// <summary>How many requests one token may send to this node's management API in a minute. Default 60,000.</summary>
    public long ApiRequestsPerMinute { get; set; } = 60_000;

    /// <summary>The largest request body the gateway reads, in bytes. Default 100 MiB.</summary>
    public long GatewayBodyBytesMax { get; set; } = 100L << 20;

    /// <summary>How many parameters one SQL statement may bind. Default 100, at most 32,766, which is SQLite's own limit.</summary>
    public int SqlBoundParametersMax { get; set; } = 100;

    /// <summary>How long an object without work stays in memory; its WebSockets stay open beyond that. Default 10 s.</summary>
    public TimeSpan IdleEvictAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many databases are open at once; the least recently used idle one is closed for the next. Default 1,000.</summary>
    public int OpenDatabasesMax { get; set; } = 1000;

    /// <summary>How far back objects can be restored. Default 30 days.</summary>
    public TimeSpan HistoryFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How much disk the history may take, in bytes; the oldest goes first. Default 16 GiB.</summary>
    public long HistoryBytesMax { get; set; } = 16L << 30;

    /// <summary>How people sign in besides by password and passkey.</summary>
    public SignInOptions SignIn { get; } = new();

    /// <summary>The bucket that all nodes of a fleet share.</summary>
    public BucketOptions Bucket { get; } = new();

    /// <summary>The cluster that this node is of.</summary>
    public ClusterOptions Cluster { get; } = new();

    /// <summary>What tells this node from others.</summary>
    public NodeOptions Node { get; } = new();

    /// <summary>Whether this node works together with others; else it is alone.</summary>
    public bool IsFleet => Cluster.Membership is not null;
}
