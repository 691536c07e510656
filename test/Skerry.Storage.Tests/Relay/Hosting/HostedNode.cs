using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Hosting;
using Skerry.Storage.Tests.Node;

namespace Skerry.Storage.Tests.Relay.Hosting;

/// <summary>One node of a <see cref="HostedFleet"/>, on a data folder that outlives its runs.</summary>
internal sealed class HostedNode(HostedFleet fleet, string name) : IAsyncDisposable
{
    private RelayNode? _relay;

    public string Name => name;

    public string Folder { get; set; } = Path.Combine(fleet.Folder, name);

    public RelayNode Relay => _relay!;

    /// <summary>The newest run's session.</summary>
    public SessionId Session { get; private set; }

    public RecordingHost Host { get; private set; } = null!;

    public ControlOptions Control { get; set; } = new();

    /// <summary>Changes the node's other settings.</summary>
    public Action<RelayNodeOptions>? Configure { get; set; }

    /// <summary>A run of the node, which listens before its session begins.</summary>
    public async Task StartAsync()
    {
        Open();
        try
        {
            await Relay.StartAsync(CancellationToken.None);
        }
        catch
        {
            await KillAsync();
            throw;
        }
    }

    /// <summary>Listens, without a session.</summary>
    public void Open()
    {
        var options = new RelayNodeOptions { Name = name, Zone = name, Address = name, Control = Control };
        options.Upload.BatchWindow = fleet.BatchWindow;
        Configure?.Invoke(options);
        _relay = RelayNode.Open(
            new NodeStorageOptions { Folder = Folder }, options, fleet.Bucket, fleet.Network, TimeProvider.System, NullLogger<RelayNode>.Instance);
        Host = new RecordingHost();
        Relay.Attach(Host);
        Session = Relay.Self.Session;
        fleet.Network.Listen(name, Relay);
    }

    /// <summary>Ends the run in good order.</summary>
    public async Task StopAsync()
    {
        await Relay.StopAsync(CancellationToken.None);
        await KillAsync();
    }

    /// <summary>Ends the run as a crash does, as far as others see: the session stays open.</summary>
    public async Task KillAsync()
    {
        if (_relay is { } relay)
        {
            _relay = null;
            fleet.Network.Close(name);
            await relay.DisposeAsync();
        }
    }

    /// <summary>Copies the data folder to another place, while the node runs or not.</summary>
    public string CopyFolder(string to)
    {
        var path = Path.Combine(fleet.Folder, to);
        TemporaryNode.Copy(Folder, path);
        return path;
    }

    /// <summary>Writes an object once, as a short activation does; completes when that is confirmed and its database closed.</summary>
    public async Task WriteAsync(ModelledDatabase database, long alarmMs = 0)
    {
        using var claim = await Relay.PrepareAsync(database.Key, CancellationToken.None);
        database.Open(Relay.Storage);
        database.Commit(new Random(1), 4, alarmMs);
        await database.Confirmed();
        await database.Store.WhenSettled();
        Relay.Storage.CloseDatabase(database.Store);
    }

    public async ValueTask DisposeAsync() => await KillAsync();
}
