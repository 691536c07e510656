using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Orleans.Serialization;
using Skerry.Objects.Alarms;
using Skerry.Objects.Calls;
using Skerry.Objects.Fleet;
using Skerry.Objects.History;
using Skerry.Objects.Http;
using Skerry.Objects.WebSockets;
using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Objects.Activation;

/// <summary>The durable objects of one process: the classes, the objects in memory, and what they share.</summary>
internal sealed partial class ObjectRuntime : IObjectHost, IAsyncDisposable
{
    private readonly ConcurrentDictionary<ObjectKey, ActiveObject> _active = new();
    // From begin to the end of the last thing an object does: longer than it can be called.
    private readonly ConcurrentDictionary<ObjectKey, ActiveObject> _present = new();
    private readonly ConcurrentDictionary<ObjectKey, (Exception Error, long At, long Incarnation)> _failedStarts = new();
    private readonly Dictionary<string, ObjectClass> _classes;
    private readonly ILogger<ObjectRuntime> _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sweeper;
    private long _coarseNow;
    private long _incarnations;
    private volatile bool _stopping;

    public ObjectRuntime(
        SkerryOptions options, IEnumerable<ObjectClass> classes, NodeStorage storage, IServiceProvider services,
        ValueCopier copier, Serializer serializer, TimeProvider time, ILogger<ObjectRuntime> logger, ILogger<AlarmClock> alarmLogger,
        FleetNodes? fleet = null, IObjectHome? home = null)
    {
        Options = options;
        Fleet = fleet;
        Home = home;
        Serializer = serializer;
        Starts = new StartQueue(options.ConcurrentStartsMax, fleet?.Options.FailoverPatience ?? Timeout.InfiniteTimeSpan, time);
        Exports = new Exports(storage.Folder);
        Storage = storage;
        Services = services;
        Copier = copier;
        Time = time;
        _logger = logger;
        _classes = classes.ToDictionary(static c => c.Namespace);
        _coarseNow = time.GetTimestamp();
        Sockets = new SocketHub(this);
        OpenDatabases = new LeastRecentlyUsed(options.OpenDatabasesMax, static a => a.RequestSuspend());
        InMemory = new LeastRecentlyUsed(options.ActiveObjectsMax, static a => a.RequestRetire());
        AlarmRetry = new AlarmRetry(new Random(), options.AlarmRetryFirst);
        Alarms = new AlarmClock(time, FireAlarm, options.ConcurrentAlarmsMax, alarmLogger);
        foreach (var (key, due) in storage.TakeAlarms())
        {
            Alarms.Set(key, due);
        }

        storage.PendingAlarms = () => Array.ConvertAll(Alarms.ToArray(), static a => new KeyValuePair<ObjectKey, long>(a.Key, a.DueMs));
        home?.Attach(this);
        Alarms.Start();
        _sweeper = Task.Run(SweepAsync);
    }

    public SkerryOptions Options { get; }

    public NodeStorage Storage { get; }

    public IServiceProvider Services { get; }

    public ValueCopier Copier { get; }

    public Serializer Serializer { get; }

    /// <summary>The other nodes; null if this one is alone.</summary>
    public FleetNodes? Fleet { get; }

    /// <summary>What says whether an object may live here; null if nobody else could have it.</summary>
    public IObjectHome? Home { get; }

    /// <summary>The way of HTTP requests to other nodes. Only with other nodes.</summary>
    public ObjectForwarder Forwarder => field ??= (ObjectForwarder)Services.GetService(typeof(ObjectForwarder))!;

    /// <summary>Bounds the claims that are under way.</summary>
    public StartQueue Starts { get; }

    /// <summary>Bounds the exports that are under way.</summary>
    public Exports Exports { get; }

    public TimeProvider Time { get; }

    public SocketHub Sockets { get; }

    public AlarmClock Alarms { get; }

    public AlarmRetry AlarmRetry { get; }

    /// <summary>Databases open now, bounded.</summary>
    public LeastRecentlyUsed OpenDatabases { get; }

    /// <summary>Objects in memory, bounded.</summary>
    public LeastRecentlyUsed InMemory { get; }

    public int ActiveCount => _active.Count;

    public IReadOnlyCollection<ObjectClass> Classes => _classes.Values;

    /// <summary>A timestamp that moves about once a second: enough for idleness, and nearly free to read.</summary>
    public long CoarseNow => Volatile.Read(ref _coarseNow);

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Finds the class of a namespace.</summary>
    public bool TryGetClass(string @namespace, [NotNullWhen(true)] out ObjectClass? @class) =>
        _classes.TryGetValue(@namespace, out @class);

    /// <summary>The object, if it is in memory and takes calls.</summary>
    public ActiveObject? Find(ObjectKey key) => _active.GetValueOrDefault(key);

    /// <summary>The stay in memory with that number, even if it takes no calls any more.</summary>
    public ActiveObject? FindPresent(ObjectKey key, long incarnation) =>
        _present.TryGetValue(key, out var active) && active.Incarnation == incarnation ? active : null;

    /// <summary>
    /// Finds the stay in memory with that number. True without an object: it could not start, and that is why.
    /// </summary>
    public bool TryFind(ObjectKey key, long incarnation, out ActiveObject? active, out Exception? failure)
    {
        failure = null;
        active = Find(key);
        if (active is not null && active.Incarnation == incarnation)
        {
            return true;
        }

        active = null;
        failure = _failedStarts.TryGetValue(key, out var failed) && failed.Incarnation == incarnation ? failed.Error : null;
        return failure is not null;
    }

    /// <summary>Asks the object's grain to bring it into memory, wherever that is.</summary>
    public async Task<ObjectPlace> ActivateAsync(ObjectKey key, string? name, LocationHint? hint, bool unrequested)
    {
        var code = hint?.ToCode();
        if (code is not null && Fleet is not null)
        {
            RequestContext.Set(FleetNodes.HintKey, code);
        }

        return await Grains.GetGrain<IObjectGrain>(key.ToString()).Activate(name, code, unrequested).ConfigureAwait(false);
    }

    /// <summary>Where an object is that is here.</summary>
    public ObjectPlace PlaceOf(ActiveObject active) => Refusal with { Refused = false, Incarnation = active.Incarnation };

    /// <summary>Says that objects belong elsewhere.</summary>
    public ObjectPlace Refusal => field ??= new ObjectPlace
    {
        Silo = Fleet?.Self ?? SiloAddress.Zero,
        Url = Fleet?.Options.InternalUrl,
        Refused = true,
    };

    /// <summary>Why an object could not start a moment ago; null if it could.</summary>
    public Exception? FailedStart(ObjectKey key) => _failedStarts.TryGetValue(key, out var failed) ? failed.Error : null;

    /// <summary>Refuses a call because this node is stopping or fenced.</summary>
    public void ThrowIfStopped()
    {
        if (_fenced is { } fenced)
        {
            throw fenced;
        }

        if (_stopping)
        {
            throw new DurableObjectException("stopping", "This node is stopping.") { Retryable = true };
        }
    }

    /// <summary>True once new calls are refused.</summary>
    public bool IsStopping => _stopping;

    /// <summary>An object could not start; told to the calls that come too late to be told by the object itself.</summary>
    public void StartFailed(ActiveObject active, Exception error) => _failedStarts[active.Key] = (error, CoarseNow, active.Incarnation);

    /// <summary>Nothing is left of an object.</summary>
    public void Gone(ActiveObject active)
    {
        Sockets.Forget(active.Key);
        _present.TryRemove(new KeyValuePair<ObjectKey, ActiveObject>(active.Key, active));
    }

    // Orleans needs the runtime for its grains, and the runtime Orleans for its calls: so this one comes late.
    private IGrainFactory Grains => field ??= (IGrainFactory)Services.GetService(typeof(IGrainFactory))!;

    /// <summary>
    /// Begins an object once nothing is left of the one before it. Only its grain calls this. Two grains of one object
    /// may overlap while the first is being deactivated; both then get the same object.
    /// </summary>
    public async Task<ActiveObject> BeginAsync(string grainKey, string? name, string? hint, bool unrequested)
    {
        var slash = grainKey.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !TryGetClass(grainKey[..slash], out var @class))
        {
            throw new DurableObjectException("no_class", $"No class is registered for '{grainKey}'.");
        }

        ThrowIfStopped();
        var id = @class.Ids.Parse(grainKey[(slash + 1)..]).Named(name);
        LocationHint? where = LocationHintCodes.TryParse(hint, out var parsed) ? parsed : null;
        var active = new ActiveObject(this, @class, id, where, Interlocked.Increment(ref _incarnations)) { IsUnrequested = unrequested };
        while (true)
        {
            var present = _present.GetOrAdd(active.Key, active);
            if (ReferenceEquals(present, active))
            {
                break;
            }

            if (present.TakesCalls)
            {
                return present;
            }

            await present.Stopped.ConfigureAwait(false);
        }

        _failedStarts.TryRemove(active.Key, out _);
        InMemory.Opened(active);

        // The start is the loop's first event: it is in line before any call can find the object.
        active.Begin();
        _active[active.Key] = active;
        if (!active.TakesCalls)
        {
            // It failed before it was entered there, so its own removal came too early.
            Remove(active);
        }

        if (_fenced is { } fenced)
        {
            active.Break(fenced);
        }

        return active;
    }

    // Long enough for every call that set the start off to have seen it.
    private static readonly TimeSpan FailedStartKept = TimeSpan.FromSeconds(30);

    public void Remove(ActiveObject active)
    {
        _active.TryRemove(new KeyValuePair<ObjectKey, ActiveObject>(active.Key, active));
        InMemory.Closed(active);
    }

    /// <summary>A client whose requests wait at the object's output gate.</summary>
    public HttpClient CreateHttpClient(ActiveObject active) =>
        new(new GatedHttpHandler(active, SharedHandler), disposeHandler: false);

    private static readonly SocketsHttpHandler SharedHandler = new() { PooledConnectionLifetime = TimeSpan.FromMinutes(2) };

    private async Task FireAlarm(DueAlarm alarm, CancellationToken cancel)
    {
        var key = alarm.Key;
        try
        {
            var search = new PlaceSearch(this, key, name: null, hint: null, unrequested: true);
            var (active, elsewhere) = await search.FindAsync().ConfigureAwait(false);
            if (active is null)
            {
                await FireElsewhereAsync(alarm, elsewhere!).ConfigureAwait(false);
                return;
            }

            var woken = Home?.BeginWake(key, alarm.DueMs);
            if (!active.TryCall(static (code, database) => database.RunAlarm(code), active.Database, chain: null, fromOutside: false, out var run))
            {
                Alarms.Adopt(key, NowMs);
                return;
            }

            if (await run.WaitAsync(Options.AlarmTimeout, Time, cancel).ConfigureAwait(false) is { } stored)
            {
                woken?.Invoke(stored);
            }

            _internalFailures.TryRemove(key, out _);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The alarm is stored, and the clock takes it back: the next start runs it.
            throw;
        }
        catch (Exception e)
        {
            // Not the handler's fault, so not counted: the object was reset or could not be reached.
            var before = _internalFailures.GetValueOrDefault(key);
            var pause = AlarmRetry.AfterInternalError(before, out var after);
            _internalFailures[key] = after;
            LogAlarmInternal(_logger, key.ToString(), after.Failures, e);
            Alarms.Set(key, NowMs + (long)pause.TotalMilliseconds);
        }
    }

    // The object lives on another node, and from there it looks after its alarm itself.
    private async Task FireElsewhereAsync(DueAlarm alarm, ObjectPlace place)
    {
        var key = alarm.Key;
        var woken = Home?.BeginWake(key, alarm.DueMs);
        var reply = await Fleet!.Node(place.Silo).RunAlarm(key.Namespace, key.Id.ToString(), place.Incarnation).ConfigureAwait(false);
        if (reply.Outcome == CallOutcome.NotHere)
        {
            Fleet.Forget(key, place);
            Alarms.Adopt(key, NowMs);
        }
        else if (reply.Failure is { } failure)
        {
            throw failure.ToException();
        }
        else
        {
            woken?.Invoke(null);
        }
    }

    private readonly ConcurrentDictionary<ObjectKey, AlarmAttempts> _internalFailures = new();

    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                var now = Time.GetTimestamp();
                Volatile.Write(ref _coarseNow, now);
                foreach (var failed in _failedStarts)
                {
                    if (Time.GetElapsedTime(failed.Value.At, now) >= FailedStartKept)
                    {
                        _failedStarts.TryRemove(failed);
                    }
                }

                foreach (var active in _active.Values)
                {
                    if (Time.GetElapsedTime(active.LastUsed, now) >= Options.IdleEvict && active.IsIdle)
                    {
                        active.RequestRetire();
                    }
                    else if (active.TurnStarted is not 0 and var began && Time.GetElapsedTime(began, now) >= Options.CriticalSectionTimeout)
                    {
                        LogStuck(_logger, active.Id.ToString(), Time.GetElapsedTime(began, now).TotalSeconds);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _sweeper.ConfigureAwait(false);
        _stop.Dispose();
    }
}
