using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Services;
using Skerry.Storage;

namespace Skerry.Objects.Fleet;

/// <summary>
/// The other nodes as this one knows them: who is there, who takes objects, in which zone, and where objects were found.
/// Thread-safe.
/// </summary>
internal sealed partial class FleetNodes : IAsyncDisposable
{
    /// <summary>The key under which a location hint travels to the placement.</summary>
    public const string HintKey = "skerry.hint";

    /// <summary>The label that says which zone a node is in.</summary>
    public const string ZoneLabel = "skerry.zone";

    /// <summary>The label that a node carries which has no objects.</summary>
    public const string NoObjectsLabel = "skerry.no-objects";

    // A node that refused is asked again after this: by then it has left, or has become another one.
    private static readonly TimeSpan s_refusalKept = TimeSpan.FromSeconds(30);

    private readonly IServiceProvider _services;
    private readonly TimeProvider _time;
    private readonly ILogger<FleetNodes> _logger;
    private readonly PlaceCache _places = new();
    private readonly ConcurrentDictionary<SiloAddress, long> _refusing = new();
    private readonly ConcurrentDictionary<SiloAddress, CancellationTokenSource> _links = new();
    private readonly ConcurrentDictionary<SiloAddress, Lazy<Task>> _greeted = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _watching = Task.CompletedTask;

    public FleetNodes(IServiceProvider services, SkerryClusterOptions options, TimeProvider time, ILogger<FleetNodes> logger)
    {
        _services = services;
        _time = time;
        _logger = logger;
        Options = options;
    }

    public SkerryClusterOptions Options { get; }

    /// <summary>This node.</summary>
    public SiloAddress Self => field ??= _services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    private IClusterMembershipService Membership => field ??= _services.GetRequiredService<IClusterMembershipService>();

    private ISiloMetadataCache Labels => field ??= _services.GetRequiredService<ISiloMetadataCache>();

    private ObjectNodeClient Clients => field ??= _services.GetRequiredService<ObjectNodeClient>();

    /// <summary>Begins to watch the membership; once the silo runs.</summary>
    public void Start() => _watching = Task.Run(WatchAsync);

    /// <summary>Where an object was found last; null if it is not known.</summary>
    public ObjectPlace? PlaceOf(ObjectKey key) => _places.Find(key);

    public void Remember(ObjectKey key, ObjectPlace place) => _places.Set(key, place);

    /// <summary>An object is not there (any more).</summary>
    public void Forget(ObjectKey key, ObjectPlace place) => _places.Remove(key, place);

    /// <summary>A node takes no objects for now.</summary>
    public void Refuses(SiloAddress silo) => _refusing[silo] = _time.GetTimestamp();

    /// <summary>True if another node takes objects, as far as is known.</summary>
    public bool OthersTakeObjects => Membership.CurrentSnapshot.Members.Values.Any(m =>
        m.Status == SiloStatus.Active && !m.SiloAddress.Equals(Self) && TakesObjects(m.SiloAddress));

    private bool TakesObjects(SiloAddress silo) => !IsRefusing(silo) && !Labels.GetSiloMetadata(silo).Metadata.ContainsKey(NoObjectsLabel);

    /// <summary>True if the node is a member that has not been declared dead.</summary>
    public bool IsAlive(SiloAddress silo) =>
        Membership.CurrentSnapshot.GetSiloStatus(silo) is not (SiloStatus.Dead or SiloStatus.None);

    /// <summary>Cancelled when the node is dead: whatever waits for it need not wait any longer.</summary>
    public CancellationToken WhileAlive(SiloAddress silo)
    {
        var link = _links.GetOrAdd(silo, static _ => new CancellationTokenSource());
        if (!IsAlive(silo))
        {
            link.Cancel();
        }

        return link.Token;
    }

    /// <summary>A node's way in. Before the first use of it, <see cref="GreetAsync"/>.</summary>
    public IObjectNode Node(SiloAddress silo) => Clients.At(silo);

    /// <summary>Makes sure that a connection to the node is open: calls that are sent while it opens could overtake each other.</summary>
    public async Task GreetAsync(SiloAddress silo)
    {
        var greeting = _greeted.GetOrAdd(silo, s => new Lazy<Task>(() => Node(s).Greet()));
        try
        {
            await greeting.Value.ConfigureAwait(false);
        }
        catch
        {
            _greeted.TryRemove(new KeyValuePair<SiloAddress, Lazy<Task>>(silo, greeting));
            throw;
        }
    }

    /// <summary>
    /// Chooses the node for an object among those that are there: the one that gives the highest hash with the object's
    /// key. So every node chooses alike, an object comes back to where its local copy is, and a node that comes or goes
    /// moves only its own share.
    /// </summary>
    public SiloAddress Choose(string key, string? hint, SiloAddress[] silos)
    {
        var able = Array.FindAll(silos, TakesObjects);
        if (able.Length == 0)
        {
            able = silos;
        }

        if (hint is not null && Array.FindAll(able, s => ZoneOf(s) == hint) is { Length: > 0 } near)
        {
            able = near;
        }

        return able.MaxBy(s => Score(key, s))!;
    }

    /// <summary>A node's zone; null if it is not known (yet).</summary>
    public string? ZoneOf(SiloAddress silo) => Labels.GetSiloMetadata(silo).Metadata.GetValueOrDefault(ZoneLabel);

    // The endpoint and not the generation: a node that has been restarted gets its objects back.
    private static ulong Score(string key, SiloAddress silo) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{silo.Endpoint}|{key}"));

    private bool IsRefusing(SiloAddress silo)
    {
        if (!_refusing.TryGetValue(silo, out var since))
        {
            return false;
        }

        if (_time.GetElapsedTime(since) < s_refusalKept)
        {
            return true;
        }

        _refusing.TryRemove(silo, out _);
        return false;
    }

    /// <summary>Tells all others that this node takes no more objects. Best effort: whoever missed it is told when it asks.</summary>
    public async Task SayLeavingAsync(CancellationToken cancel)
    {
        Refuses(Self);
        var others = Membership.CurrentSnapshot.Members.Values
            .Where(m => m.Status == SiloStatus.Active && !m.SiloAddress.Equals(Self))
            .Select(m => Node(m.SiloAddress).Leaving(Self));
        try
        {
            await Task.WhenAll(others).WaitAsync(TimeSpan.FromSeconds(1), _time, cancel).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            LogNotTold(_logger, e);
        }
    }

    /// <summary>Declares a node dead.</summary>
    public async Task DeclareDeadAsync(string membership)
    {
        if (!SiloAddress.TryParse(membership, out var silo))
        {
            throw new ArgumentException($"'{membership}' does not name a member.", nameof(membership));
        }

        if (IsAlive(silo) && !await Membership.TryKill(silo).ConfigureAwait(false))
        {
            LogNotKilled(_logger, membership);
        }
    }

    private async Task WatchAsync()
    {
        try
        {
            await foreach (var members in Membership.MembershipUpdates.WithCancellation(_stop.Token).ConfigureAwait(false))
            {
                foreach (var (silo, member) in members.Members)
                {
                    if (member.Status == SiloStatus.Dead)
                    {
                        Lost(silo);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private void Lost(SiloAddress silo)
    {
        _refusing.TryRemove(silo, out _);
        _greeted.TryRemove(silo, out _);
        _places.RemoveAll(silo);
        if (_links.TryGetValue(silo, out var link))
        {
            link.Cancel();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            await _watching.ConfigureAwait(false);
        }
    }

    [LoggerMessage(2101, LogLevel.Information, "Not every node could be told that this one takes no more objects; they will hear it when they ask.")]
    private static partial void LogNotTold(ILogger logger, Exception e);

    [LoggerMessage(2102, LogLevel.Warning, "The member {Membership} could not be declared dead in the membership; its probes will.")]
    private static partial void LogNotKilled(ILogger logger, string membership);
}

/// <summary>Makes references to the nodes' services.</summary>
internal sealed class ObjectNodeClient(IServiceProvider services) : GrainServiceClient<IObjectNode>(services)
{
    public IObjectNode At(SiloAddress silo) => GetGrainService(silo);
}
