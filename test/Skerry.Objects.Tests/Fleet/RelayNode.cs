using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Objects.Fleet;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Fleet;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Security;

namespace Skerry.Objects.Tests.Fleet;

/// <summary>A web server on loopback that answers for a node, and the node's way to others.</summary>
internal sealed class RelayNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RelayServer _server;

    private RelayNode(WebApplication app, RelayServer server, RelayTransport transport, LogLines log)
    {
        _app = app;
        _server = server;
        Transport = transport;
        Log = log;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Authority;
        Info = new(new(1), new(2), "b", "z", Address);
    }

    public string Address { get; }

    public NodeInfo Info { get; }

    public RelayTransport Transport { get; }

    public LogLines Log { get; }

    public static async Task<RelayNode> StartAsync(IRelayService service, NodeCertificates certificates, RelayIdentity? identity = null, bool mapped = true, ISessionFigures? figures = null)
    {
        identity ??= new("c1", "b");
        var log = new LogLines();
        var server = new RelayServer(service, identity, certificates, new Logger<RelayServer>(new SingleFactory(log)), figures);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            NodeListener.ConfigureServer(kestrel, TimeSpan.FromSeconds(5));
            NodeListener.Listen(kestrel, System.Net.IPAddress.Loopback, 0, certificates);
        });
        builder.Logging.AddProvider(log);
        builder.Services.AddRouting();
        builder.Services.AddRelay();
        if (mapped)
        {
            builder.Services.AddSingleton(_ => server);
        }

        var app = builder.Build();
        app.UseRouting();
        if (mapped)
        {
            app.MapRelay(server);
        }

        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app, server, new(certificates, identity, TimeProvider.System), log);
    }

    public async ValueTask DisposeAsync()
    {
        Transport.Dispose();
        _server.Stop();
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _server.Dispose();
    }

    private sealed class SingleFactory(LogLines log) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => log.CreateLogger(categoryName);

        public void Dispose()
        {
        }
    }
}

/// <summary>What was logged at <see cref="LogLevel.Warning"/> and above.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> All
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            lock (_lines)
            {
                _lines.Add($"{logLevel}: {formatter(state, exception)} {exception}");
            }
        }
    }

    public void Dispose()
    {
    }
}
