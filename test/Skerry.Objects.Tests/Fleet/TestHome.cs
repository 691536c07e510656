using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>
/// Ownership without a bucket: a table says who owns an object, a claim asks the owner to let go and takes over its
/// database file. Checks that nobody holds a claim while somebody else does.
/// </summary>
internal sealed class TestHome(TestFleet fleet, FleetNode node) : IObjectHome
{
    private TaskCompletionSource _lease = Done();

    public IObjectHost Host { get; private set; } = null!;

    /// <summary>Claims that took more than a look.</summary>
    public int Claims;

    /// <summary>What every claim that is not this node's already waits for.</summary>
    public Task Slow { get; set; } = Task.CompletedTask;

    /// <summary>Whether the read lease holds.</summary>
    public bool LeaseHolds
    {
        get => _lease.Task.IsCompleted;
        set
        {
            if (value)
            {
                _lease.TrySetResult();
            }
            else
            {
                _lease = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    public void Attach(IObjectHost host) => Host = host;

    /// <summary>What was found in place of alarms that this node looked after; null for an object on another node.</summary>
    public ConcurrentQueue<long?> Woken { get; } = [];

    /// <summary>How often the alarms of this node's objects were made to outlive it.</summary>
    public int AlarmsKept;

    /// <summary>What <see cref="KeepAlarmsAsync"/> waits for.</summary>
    public Task Keeping { get; set; } = Task.CompletedTask;

    public Action<long?> BeginWake(ObjectKey key, long dueMs) => Woken.Enqueue;

    public async Task KeepAlarmsAsync(CancellationToken cancel)
    {
        await Keeping.WaitAsync(cancel);
        Interlocked.Increment(ref AlarmsKept);
    }

    public bool TryPrepare(ObjectKey key, [NotNullWhen(true)] out IObjectClaim? claim)
    {
        claim = fleet.Owners.TryGetValue(key, out var owner) && owner == node ? new Claim(this, key) : null;
        return claim is not null;
    }

    public async ValueTask<IObjectClaim> PrepareAsync(ObjectKey key, CancellationToken cancel)
    {
        await Slow.WaitAsync(cancel);
        Interlocked.Increment(ref Claims);
        var turn = fleet.Claiming.GetOrAdd(key, static _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancel);
        try
        {
            if (fleet.Owners.TryGetValue(key, out var owner) && owner != node)
            {
                if (owner.IsRunning && !owner.Ended.Task.IsCompleted)
                {
                    await owner.Host.ReleaseAsync(key, cancel);
                }

                Copy(key, owner);
            }

            fleet.Owners[key] = node;
            return new Claim(this, key);
        }
        finally
        {
            turn.Release();
        }
    }

    private void Copy(ObjectKey key, FleetNode owner)
    {
        var id = key.Id.ToString();
        var place = Path.Combine("objects", key.Namespace, id[2..4]);
        var from = Path.Combine(owner.Folder, place);
        if (!File.Exists(Path.Combine(from, id + ".pages")))
        {
            return;
        }

        Directory.CreateDirectory(Path.Combine(node.Folder, place));
        foreach (var file in Directory.GetFiles(from, id + ".*"))
        {
            File.Copy(file, Path.Combine(node.Folder, place, Path.GetFileName(file)), overwrite: true);
        }
    }

    private static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

    private sealed class Claim : IObjectClaim
    {
        private readonly TestHome _home;
        private readonly ObjectKey _key;

        public Claim(TestHome home, ObjectKey key)
        {
            _home = home;
            _key = key;
            if (!home.Fleet.Held.TryAdd(key, home.Node))
            {
                home.Fleet.Violations.Enqueue($"{key} was claimed on {home.Node.Name} while it was held on {home.Fleet.Held[key].Name}");
            }
        }

        public bool MayAnswer => _home.LeaseHolds;

        public ValueTask WhenMayAnswerAsync(CancellationToken cancel) => new(_home._lease.Task.WaitAsync(cancel));

        public void Dispose() => _home.Fleet.Held.TryRemove(_key, out _);
    }

    private TestFleet Fleet => fleet;

    private FleetNode Node => node;
}
