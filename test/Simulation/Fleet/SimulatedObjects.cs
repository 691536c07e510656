using Skerry.Simulation.Bugs;
using Skerry.Simulation.World;
using Skerry.Storage;
using Skerry.Storage.Archive;
using Skerry.Storage.Pages;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Ownership;

namespace Skerry.Simulation.Fleet;

/// <summary>
/// The objects that are active in a process: registers, with the rules of real objects. A write is answered when it is
/// confirmed; a read when every write before it is, or under the lease if there is none under way.
/// </summary>
internal sealed class SimulatedObjects(NodeProcess process) : IReleaseSteps, IObjectHost
{
    // Alarms never fire here; what is checked is that none is lost.
    private const long FarFutureMs = 4_000_000_000_000;

    private readonly Dictionary<ObjectKey, Task<Activation>> _active = [];
    private readonly HashSet<ObjectKey> _claiming = [];
    private bool _isStopping;

    // What this session has confirmed of objects that it owns.
    private readonly Dictionary<ObjectKey, RegisterCopy> _confirmed = [];

    public string? Membership => process.Self.Name;

    public async Task<long> ReadAsync(ObjectKey key)
    {
        var activation = await EnterAsync(key);
        try
        {
            var value = activation.Current.Value;
            var waited = false;
            if (activation.LastWrite is { IsCompletedSuccessfully: false } write)
            {
                await write;
                waited = true;
            }

            if (activation.IsUnwritten)
            {
                if (process.Fleet.Bug != PlantedBug.BelieveUnwritten)
                {
                    await process.Claims.ProveUnwrittenAsync(key, process.Stopping);
                }
            }
            else if (process.Fleet.Bug != PlantedBug.OldNewsAsLease || !waited)
            {
                while (!process.Leader.HasLease)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(20), process.Machine, process.Stopping);
                }
            }

            return activation.IsBroken ? throw new StorageException("The object was reset.") : value;
        }
        finally
        {
            activation.Leave();
        }
    }

    /// <param name="key">The object.</param>
    /// <param name="value">The new value.</param>
    /// <param name="appended">Told when the write may take effect, whatever becomes of it.</param>
    public async Task WriteAsync(ObjectKey key, long value, Action appended)
    {
        var activation = await EnterAsync(key);
        try
        {
            // One event at a time, and the first write waits until the object is this session's.
            var before = activation.Turn;
            var turn = new TaskCompletionSource();
            activation.Turn = turn.Task;
            await before;
            Task confirmed;
            Task? earlier;
            RegisterCopy next;
            try
            {
                if (activation.IsUnwritten)
                {
                    await process.Claims.FirstWriteAsync(key, process.Stopping);
                    activation.Epoch = process.Claims.NextEpoch(key);
                    activation.IsUnwritten = false;
                }

                if (activation.IsBroken)
                {
                    throw new StorageException("The object was reset.");
                }

                var current = activation.Current;
                var time = Math.Max(current.State.TimestampMs, process.Machine.GetUtcNow().ToUnixTimeMilliseconds());
                var alarm = process.Random.Happens(0.4) ? current.State.AlarmMs : process.Random.Happens(0.5) ? FarFutureMs + value : 0;
                next = current.Next(value, activation.Epoch, time, alarm);
                activation.Current = next;
                earlier = activation.LastWrite;
                appended();
                confirmed = process.Leader.AppendAsync(key, activation.Epoch, next, next.Encode(current));
                activation.LastWrite = confirmed;

                // Nothing more is written on top of what was not.
                activation.IsBroken |= confirmed.IsFaulted;
            }
            finally
            {
                turn.SetResult();
            }

            try
            {
                await confirmed;
            }
            catch (StorageException)
            {
                // The next activation begins with what is confirmed, so nothing may be open any more.
                activation.IsBroken = true;
                await SettledAsync(earlier);
                Drop(key, activation);
                throw;
            }

            _confirmed[key] = next;
            process.Alarms.Set(key, next.State.AlarmMs);
            if (process.Random.Happens(0.3) && !process.Node.Disk.IsFull)
            {
                process.Node.Disk.Copies[key] = next;
            }
        }
        catch (ClaimException)
        {
            activation.IsBroken = true;
            Drop(key, activation);
            throw;
        }
        finally
        {
            activation.Leave();
        }
    }

    public async Task EndActivationAsync(ObjectKey key, CancellationToken cancel)
    {
        // One that waits for its claim waits for this release.
        if (!_active.TryGetValue(key, out var starting) || _claiming.Contains(key))
        {
            return;
        }

        Activation activation;
        try
        {
            activation = await starting;
        }
        catch (StorageException)
        {
            return;
        }

        activation.IsClosing = true;
        await activation.WhenEmptyAsync();
        if (_active.TryGetValue(key, out var still) && still == starting)
        {
            _active.Remove(key);
        }

        await SettledAsync(activation.LastWrite);
    }

    private void Drop(ObjectKey key, Activation activation)
    {
        // There may be a newer one by now.
        if (_active.TryGetValue(key, out var starting) && starting.IsCompletedSuccessfully && starting.Result == activation)
        {
            _active.Remove(key);
        }
    }

    private static async Task SettledAsync(Task? write)
    {
        try
        {
            await (write ?? Task.CompletedTask);
        }
        catch (StorageException)
        {
        }
    }

    public async Task UploadAsync(ObjectKey key, CancellationToken cancel)
    {
        // The copy is not kept up from now on; what is on the disk may come back much later.
        _confirmed.Remove(key);
        await process.Uploader.FlushAsync(key, cancel);
        process.Uploader.Forget(key);
    }

    public Task ReleaseAsync(ObjectKey key, CancellationToken cancel) => EndActivationAsync(key, cancel);

    public void AdoptAlarm(ObjectKey key, long dueMs)
    {
    }

    /// <summary>True while the object is in memory here with a claim, and takes writes.</summary>
    public bool IsOpen(ObjectKey key) => _active.TryGetValue(key, out var starting)
        && starting is { IsCompletedSuccessfully: true, Result: { IsUnwritten: false, IsClosing: false, IsBroken: false } };

    /// <summary>The alarm that an object has, as far as this process runs it.</summary>
    public RegisterCopy? Confirmed(ObjectKey key) => process.Claims.Holds(key) && _confirmed.TryGetValue(key, out var state) ? state : null;

    /// <summary>Ends all activations, for a stop in good order.</summary>
    public async Task EndAllAsync()
    {
        _isStopping = true;
        while (_active.Keys.FirstOrDefault(key => !_claiming.Contains(key)) is { Namespace: not null } key)
        {
            await EndActivationAsync(key, process.Stopping);
        }
    }

    /// <summary>Ends every object, and forgets that it is this session's once everything of it is in the bucket, as a session does that has too many.</summary>
    public async Task ForgetAllAsync()
    {
        try
        {
            foreach (var key in process.Fleet.Keys)
            {
                await EndActivationAsync(key, process.Stopping);
                await process.Uploader.FlushAsync(null, process.Stopping);
                if (!_active.ContainsKey(key) && process.Claims.TryForget(key))
                {
                    _confirmed.Remove(key);
                }
            }
        }
        catch (Exception error) when (error is StorageException or OperationCanceledException)
        {
            process.Fleet.Trace(process.Self.Name, $"does not forget: {error.Message}");
        }
    }

    public Task DeclareDeadAsync(string membership, CancellationToken cancel) => Task.CompletedTask;

    public void Fenced(string reason) => process.Fenced(reason);

    private async Task<Activation> EnterAsync(ObjectKey key)
    {
        ThrowIfStopping();
        if (!_active.TryGetValue(key, out var starting))
        {
            starting = StartAsync(key);
            _active.Add(key, starting);
        }

        Activation activation;
        try
        {
            activation = await starting;
        }
        catch (Exception)
        {
            if (_active.TryGetValue(key, out var failed) && failed == starting)
            {
                _active.Remove(key);
            }

            throw;
        }

        if (activation.IsClosing || activation.IsBroken)
        {
            throw new ClaimException("The object is leaving.");
        }

        activation.Enter();
        return activation;
    }

    private async Task<Activation> StartAsync(ObjectKey key)
    {
        _claiming.Add(key);
        ClaimResult claim;
        try
        {
            claim = await process.Claims.ClaimAsync(key, true, process.Stopping);
        }
        finally
        {
            _claiming.Remove(key);
        }

        ThrowIfStopping();

        if (claim.IsUnwritten)
        {
            return new Activation { IsUnwritten = true };
        }

        if (claim.Moved || !_confirmed.TryGetValue(key, out var state))
        {
            state = _confirmed[key] = await RestoreAsync(key);
            process.Alarms.Set(key, state.State.AlarmMs);
        }

        var epoch = process.Claims.NextEpoch(key);
        if (ObjectEpochs.ClaimOf(epoch) != claim.ClaimEpoch)
        {
            throw new ClaimException("The object has left meanwhile.");
        }

        return new Activation { Current = state, Epoch = process.Fleet.Bug == PlantedBug.LowerEpoch ? epoch & ((1ul << 20) - 1) : epoch };
    }

    private void ThrowIfStopping()
    {
        if (_isStopping)
        {
            throw new ClaimException("The node stops.");
        }
    }

    /// <summary>The newest state in the bucket; from the local copy if that is proved to be it.</summary>
    private async Task<RegisterCopy> RestoreAsync(ObjectKey key)
    {
        var copies = process.Node.Disk.Copies;
        if (process.Fleet.Bug == PlantedBug.BelieveTheLocalCopy && copies.TryGetValue(key, out var believed))
        {
            return believed;
        }

        var backoff = process.Plane.NewBackoff();
        while (true)
        {
            try
            {
                var archive = await ObjectArchive.OpenAsync(process.Bucket, key, process.Bundles, process.Stopping);
                var newest = archive.Newest;
                process.Uploader.Adopt(archive);
                if (copies.TryGetValue(key, out var copy) && copy.State.Transaction == newest.Transaction && copy.State.Checksum == newest.Checksum)
                {
                    return copy with { State = newest };
                }

                var sink = new RegisterCopy.Sink();
                return sink.Copy(await archive.RestoreAsync(newest.Transaction, sink, process.Stopping));
            }
            catch (Storage.Buckets.BucketException)
            {
                await backoff.PauseAsync(process.Stopping);
            }
        }
    }

    private sealed class Activation
    {
        private int _inside;
        private TaskCompletionSource? _empty;

        public RegisterCopy Current { get; set; } = new(new PageState(0, 0, 0, 0, 0, 0), 0);

        public ulong Epoch { get; set; }

        public bool IsUnwritten { get; set; }

        public bool IsClosing { get; set; }

        public bool IsBroken { get; set; }

        public Task? LastWrite { get; set; }

        public Task Turn { get; set; } = Task.CompletedTask;

        public void Enter() => _inside++;

        public void Leave()
        {
            if (--_inside == 0)
            {
                _empty?.TrySetResult();
            }
        }

        public async Task WhenEmptyAsync()
        {
            if (_inside > 0)
            {
                _empty ??= new TaskCompletionSource();
                await _empty.Task;
            }
        }
    }
}
