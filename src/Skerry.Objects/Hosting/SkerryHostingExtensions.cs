using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Serialization;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;
using Skerry.Objects.Fleet;
using Skerry.Storage;
using Skerry.Storage.Archive;
using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Fleet;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Hosting;

namespace Skerry.Objects;

/// <summary>Adds durable objects to an application.</summary>
public static class SkerryHostingExtensions
{
    /// <summary>
    /// Hosts durable objects in this application: storage in its data folder, activation on an Orleans silo, which is alone
    /// on loopback or, with <see cref="SkerryOptions.Cluster"/>, joins others. Classes are registered on the result.
    /// </summary>
    /// <param name="builder">The application's builder.</param>
    /// <param name="configure">Changes the defaults. It may be called more than once.</param>
    public static SkerryBuilder AddSkerry(this IHostApplicationBuilder builder, Action<SkerryOptions>? configure = null)
    {
        var services = builder.Services;
        services.AddOptions<SkerryOptions>().Configure(o => configure?.Invoke(o)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SkerryOptions>, OptionsFaults>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(static s => s.GetRequiredService<IOptions<SkerryOptions>>().Value);
        if (Decided(configure).Relay is null)
        {
            services.AddSingleton(static s => NodeStorage.Open(
                s.GetRequiredService<SkerryOptions>().Storage,
                s.GetRequiredService<TimeProvider>(),
                s.GetRequiredService<ILogger<NodeStorage>>()));
        }
        else
        {
            AddRelay(services);
        }

        services.AddSingleton<ValueCopier>();
        services.AddSingleton<ObjectRuntime>();
        services.AddSingleton(static s => new ObjectHistory(s.GetRequiredService<ObjectRuntime>()));
        services.AddSingleton(static s => new NodeStatus(s.GetRequiredService<ObjectRuntime>(), s.GetRequiredService<NodeStorage>()));

        services.PostConfigure<LoggerFilterOptions>(QuietOrleans);

        // Before Orleans: started first, stopped last.
        if (Decided(configure).Relay is null)
        {
            services.AddHostedService<StorageService>();
        }

        var declared = new DeclaredTypes();
        builder.UseOrleans(silo =>
        {
            if (Decided(configure).Cluster is { } cluster)
            {
                FleetSilo.Join(silo, cluster);
            }
            else
            {
                FleetSilo.Alone(silo);
            }

            // Inside a process anything is copied; what comes from another node is made only of types that somebody has declared.
            silo.Services.AddSingleton<ITypeFilter>(s => new DeclaredTypesFilter(declared, s));
            silo.Services.AddSerializer(s => s.AddJsonSerializer(
                declared.Contains,
                static type => type.Namespace?.StartsWith("Orleans", StringComparison.Ordinal) != true));
        });
        services.AddHostedService<ObjectsService>();
        return new SkerryBuilder(services, declared);
    }

    private static void AddRelay(IServiceCollection services)
    {
        services.AddSingleton(static s =>
        {
            var options = s.GetRequiredService<SkerryOptions>();
            var relay = options.Relay!;
            return RelayNode.Open(
                options.Storage, relay.Node, relay.Bucket, relay.Transport, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<RelayNode>>());
        });
        services.AddSingleton(static s => s.GetRequiredService<RelayNode>().Storage);
        services.AddSingleton<IObjectHome>(static s => s.GetRequiredService<RelayNode>());
        services.AddSingleton<IRelayService>(static s => s.GetRequiredService<RelayNode>());
        services.AddSingleton<ISessionFigures>(static s => s.GetRequiredService<RelayNode>());
        services.AddSingleton<IUploadCosts>(static s => s.GetRequiredService<RelayNode>());
        services.AddHostedService<RelayLifetime>();
    }

    // Orleans tells of its start in dozens of lines, and its watchdog takes the machine's uptime for a stall. First in
    // the list, so that the application's own rules for the same names win.
    private static void QuietOrleans(LoggerFilterOptions options)
    {
        options.Rules.Insert(0, new(null, "Orleans", Max(LogLevel.Warning), null));
        options.Rules.Insert(0, new(null, "Orleans.Runtime.Watchdog", Max(LogLevel.Error), null));

        LogLevel Max(LogLevel level) => options.MinLevel > level ? options.MinLevel : level;
    }

    // Whether a node is alone decides what is registered, so it has to be known before anything is built.
    private static SkerryOptions Decided(Action<SkerryOptions>? configure)
    {
        var options = new SkerryOptions();
        configure?.Invoke(options);
        return options;
    }

    private sealed class OptionsFaults : IValidateOptions<SkerryOptions>
    {
        public ValidateOptionsResult Validate(string? name, SkerryOptions options)
        {
            var faults = options.Faults().ToArray();
            return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }

    /// <summary>
    /// Begins the node's session when everything listens, for whoever finds it in the bucket then calls it; and ends it
    /// before anything stops listening, for its objects then ask it to let them go.
    /// </summary>
    private sealed class RelayLifetime(RelayNode relay, ObjectRuntime runtime, IServiceProvider services) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => relay.StartAsync(cancellationToken);

        public async Task StoppingAsync(CancellationToken cancellationToken)
        {
            await runtime.StopAsync(cancellationToken).ConfigureAwait(false);
            await relay.StopAsync(cancellationToken).ConfigureAwait(false);

            // The streams of those that this node follows would keep the web server from ending.
            services.GetService<RelayServer>()?.Stop();
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task StoppedAsync(CancellationToken cancellationToken) => await relay.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Opens storage before anything runs, and closes it after everything has stopped.</summary>
    private sealed class StorageService(NodeStorage storage) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task StopAsync(CancellationToken cancellationToken) => await storage.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Ends the objects before their silo ends.</summary>
    /// <remarks>
    /// WebSockets are told before anything else stops: the web server waits for open connections, and pages that are
    /// open would use up the time it has for that.
    /// </remarks>
    private sealed class ObjectsService(ObjectRuntime runtime, IHostApplicationLifetime lifetime) : IHostedService
    {
        private Task _goodBye = Task.CompletedTask;
        private CancellationTokenRegistration _stopping;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            runtime.Fleet?.Start();
            _stopping = lifetime.ApplicationStopping.Register(() => _goodBye = runtime.Sockets.StopAsync());
            return Task.CompletedTask;
        }

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            await _stopping.DisposeAsync().ConfigureAwait(false);
            await _goodBye.ConfigureAwait(false);
            await runtime.StopAsync(cancellationToken).ConfigureAwait(false);
            if (runtime.Fleet is { } fleet)
            {
                await fleet.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
