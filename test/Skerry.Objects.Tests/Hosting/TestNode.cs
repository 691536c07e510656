using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skerry.Objects.Activation;
using Skerry.Storage.Tests.Log;

namespace Skerry.Objects.Tests.Hosting;

/// <summary>A whole node in this process: Kestrel, Orleans, storage in a folder of its own. Can be started again on the folder.</summary>
public sealed class TestNode : IAsyncLifetime
{
    /// <summary>More than anything takes; what is waited for is an event, never the time.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly Action<SkerryOptions>? _configure;
    private readonly bool _ownsFolder;
    private WebApplication? _app;

    public TestNode()
        : this(null)
    {
    }

    internal TestNode(Action<SkerryOptions>? configure, string? folder = null)
    {
        _configure = configure;
        _ownsFolder = folder is null;
        Folder = folder ?? Directory.CreateTempSubdirectory("skerry-node-").FullName;
    }

    public string Folder { get; }

    public Scripts Scripts { get; } = new();

    public HttpClient Http { get; } = new() { Timeout = Bound };

    internal FaultyFiles Files { get; } = new();

    internal ObjectRuntime Runtime => _app!.Services.GetRequiredService<ObjectRuntime>();

    public DurableObjectNamespace<IScripted> Objects => _app!.Services.GetRequiredService<DurableObjectNamespace<IScripted>>();

    internal static async Task<TestNode> StartAsync(Action<SkerryOptions>? configure = null, string? folder = null)
    {
        var node = new TestNode(configure, folder);
        await node.InitializeAsync();
        return node;
    }

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddSingleton(Scripts);
        builder.AddSkerry(o =>
        {
            o.DataFolder = Folder;
            o.Storage.LogSegmentBytes = 1 << 20;
            o.Storage.LogFiles = Files;
            _configure?.Invoke(o);
        }).AddDurableObject<IScripted, Scripted>();
        _app = builder.Build();
        _app.UseWebSockets();
        _app.MapDurableObjects();
        await _app.StartAsync();
        Http.BaseAddress = new Uri(Address);
    }

    public string Address => _app!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public Uri AddressOf(string name) => new($"{Address}/objects/scripted/{name}/");

    /// <summary>Runs code in an object.</summary>
    public Task<object?> Run(string name, Func<Scripted, Task<object?>> code) => Objects.GetByName(name).Run(Script.Keep(code));

    public async Task<T> Run<T>(string name, Func<Scripted, T> code) =>
        (T)(await Run(name, o => Task.FromResult<object?>(code(o))).WaitAsync(Bound))!;

    public Task Run(string name, Action<Scripted> code) => Run(name, o =>
    {
        code(o);
        return true;
    });

    public Task Do(string name, Func<Scripted, Task> code) => Run(name, async o =>
    {
        await code(o);
        return null;
    });

    internal ActiveObject? Find(string name) => Runtime.Find(new(Objects.Name, Objects.IdFromName(name).Value));

    /// <summary>Has the object leave memory, as idleness does.</summary>
    public async Task Evict(string name)
    {
        while (Find(name) is { } active)
        {
            active.RequestRetire();
            await Task.WhenAny(active.Stopped, Task.Delay(5));
        }
    }

    public async Task StopAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Http.Dispose();
        if (_ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    /// <summary>Waits until something holds that other threads bring about.</summary>
    public static async Task Until(Func<bool> condition)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (!condition())
        {
            await Task.Delay(5, bound.Token);
        }
    }
}
