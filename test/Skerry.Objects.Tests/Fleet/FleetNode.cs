using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Metadata;
using Orleans.Runtime;
using Skerry.Objects.Activation;
using Skerry.Objects.Fleet;
using Skerry.Objects.Tests.Hosting;
using Skerry.Storage.Relay;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>One node of a <see cref="TestFleet"/>: a public listener, one for nodes, a silo, a data folder.</summary>
internal sealed class FleetNode(TestFleet fleet, string name, Action<SkerryOptions>? configure) : IAsyncDisposable
{
    private readonly int _siloPort = FreePort.Next();
    private readonly int _nodePort = FreePort.Next();
    private WebApplication? _app;

    public string Name => name;

    public string Folder { get; } = Directory.CreateTempSubdirectory("skerry-fleet-").FullName;

    public HttpClient Http { get; } = new() { Timeout = TestNode.Bound };

    public TestHome Home { get; private set; } = null!;

    public LogLines Log { get; } = new();

    /// <summary>Completes with the exit code when the node would end its process.</summary>
    public TaskCompletionSource<int> Ended { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsRunning => _app is not null;

    public ObjectRuntime Runtime => _app!.Services.GetRequiredService<ObjectRuntime>();

    public DurableObjectNamespace<IScripted> Objects => _app!.Services.GetRequiredService<DurableObjectNamespace<IScripted>>();

    public IObjectHost Host => Runtime;

    public string Address => _app!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First(static a => a.StartsWith("http:", StringComparison.Ordinal));

    public Uri NodeAddress => new($"https://127.0.0.1:{_nodePort}");

    public async Task StartAsync()
    {
        Home = new TestHome(fleet, this);
        Ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = Ended;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Log);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            NodeListener.ConfigureServer(kestrel, TimeSpan.FromSeconds(1));
            kestrel.Listen(IPAddress.Loopback, 0);
            NodeListener.Listen(kestrel, IPAddress.Loopback, _nodePort, fleet.Certificates);
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.Configure<HostOptions>(static o => o.ShutdownTimeout = TestNode.Bound);
        builder.Services.AddSingleton(fleet.Scripts);
        builder.Services.AddSingleton(this);
        builder.Services.AddSingleton<IObjectHome>(Home);
        builder.AddSkerry(o =>
        {
            o.DataFolder = Folder;
            o.Storage.LogSegmentBytes = 1 << 20;
            o.Cluster = new SkerryClusterOptions
            {
                Name = fleet.Name,
                HasHomeOfItsOwn = true,
                Redis = fleet.Redis,
                Postgres = fleet.Postgres,
                Listen = new IPEndPoint(IPAddress.Loopback, _siloPort),
                InternalUrl = NodeAddress.ToString(),
                Certificates = fleet.Certificates,
                EndProcess = code => ended.TrySetResult(code),
            };
            configure?.Invoke(o);
        }).AddDurableObject<IScripted, Scripted>();
        _app = builder.Build();
        _app.UseWebSockets();
        _app.MapInternalObjects();
        _app.MapDurableObjects();
        await _app.StartAsync(TestContext.Current.CancellationToken);
        Http.BaseAddress = new Uri(Address);
    }

    /// <summary>Runs code in an object, called from this node.</summary>
    public Task<object?> Run(string objectName, Func<Scripted, Task<object?>> code) => Objects.GetByName(objectName).Run(Script.Keep(code));

    public async Task<T> Run<T>(string objectName, Func<Scripted, T> code) =>
        (T)(await Run(objectName, o => Task.FromResult<object?>(code(o))).WaitAsync(TestNode.Bound))!;

    public Task Act(string objectName, Action<Scripted> code) => Run(objectName, o =>
    {
        code(o);
        return true;
    });

    public Task Do(string objectName, Func<Scripted, Task> code) => Run(objectName, async o =>
    {
        await code(o);
        return null;
    }).WaitAsync(TestNode.Bound);

    /// <summary>Whether objects can be placed on a node from here: it is a member, and has said what it hosts.</summary>
    public bool Knows(FleetNode other)
    {
        var silo = other.Runtime.Fleet!.Self;
        return Runtime.Fleet!.IsAlive(silo) && _app!.Services.GetRequiredService<IClusterManifestProvider>().Current.Silos.ContainsKey(silo);
    }

    public bool Has(string objectName) => Runtime.Find(Objects.IdFromName(objectName).Key) is not null;

    public async Task StopAsync()
    {
        if (_app is { } app)
        {
            await app.StopAsync(CancellationToken.None);
            _app = null;
            await app.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Http.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
