using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Skerry.Accounts.Users.Passkeys;
using Skerry.Objects.Fleet;
using Skerry.Server.Configuration;
using Skerry.Server.Credentials;
using Skerry.Server.Gateway;
using Skerry.Server.Management;
using Skerry.Server.Node;
using Skerry.Storage;
using Skerry.Storage.Relay.Fleet;
using Skerry.Storage.Relay.Grpc;
using Skerry.Storage.Relay.Security;

namespace Skerry.Server.Hosting;

/// <summary>
/// The composition root: one web server with two listeners (gateway and management API) over one object runtime,
/// and in a fleet a third one for other nodes.
/// </summary>
internal sealed class SkerryHost : IAsyncDisposable
{
    // Together under the five seconds in which the process promises to end; supervisors kill after ten or more.
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(2.5);

    // A node that is gone shows in twice this; see RelayCallOptions.SilenceMax.
    private static readonly TimeSpan NodeSilenceMax = TimeSpan.FromSeconds(1);

    // Under the thirty seconds that supervisors of fleets commonly wait.
    private static readonly TimeSpan FleetStopTimeout = TimeSpan.FromSeconds(25);

    // One that is alone has its token at once; if its storage is damaged it starts all the same, so that one can look.
    private static readonly TimeSpan IssueTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan DisposeTimeout = TimeSpan.FromSeconds(3);

    private readonly WebApplication _app;
    private readonly bool _isFleet;
    private readonly Listener? _api;
    private readonly Listener? _gateway;
    private readonly FleetParts? _fleet;

    private SkerryHost(WebApplication app, SkerryServerOptions options, Listener? api, Listener? gateway, FleetParts? fleet)
    {
        _app = app;
        _fleet = fleet;
        _api = api;
        _gateway = gateway;
        _isFleet = options.IsFleet;
        DataFolder = options.DataFolder;
        CredentialsPath = Path.Combine(options.DataFolder, CredentialsFile.Name);
    }

    /// <summary>The data folder's full path.</summary>
    public string DataFolder { get; }

    /// <summary>The credentials file's full path.</summary>
    public string CredentialsPath { get; }

    /// <summary>Where the management API and the dashboard are reached; empty for a node without that role.</summary>
    public string ApiUrl => _api?.ClientUrl ?? "";

    /// <summary>Where the gateway is reached; empty for a node without that role.</summary>
    public string GatewayUrl => _gateway?.ClientUrl ?? "";

    /// <summary>Whether the credentials file got a new token before this start was over.</summary>
    public bool HasNewToken { get; private set; }

    /// <summary>Whether this node works together with others, and so has its token a little later.</summary>
    public bool IsFleet => _isFleet;

    /// <summary>The services of the process, for tests.</summary>
    internal IServiceProvider Services => _app.Services;

    /// <summary>
    /// Starts the process.
    /// 1. Check what the configuration points at: ports, data folder.
    /// 2. Start the object runtime, which takes the folder's lock and recovers, and then both listeners.
    /// 3. Write the credentials file, once the addresses in it are true, and see to its token. A fleet's node does not wait
    ///    for that: objects are there only when enough others have been started.
    /// </summary>
    /// <exception cref="StartupException">The process cannot start with these options.</exception>
    public static async Task<SkerryHost> StartAsync(SkerryServerOptions options)
    {
        // 1.
        var api = options.Node.Roles.HasFlag(NodeRoles.Api) ? new Listener("api_url", "--api-url", options.ApiUrl) : null;
        var gateway = options.Node.Roles.HasFlag(NodeRoles.Gateway) ? new Listener("gateway_url", "--gateway-url", options.GatewayUrl) : null;
        var nodes = options.IsFleet ? new Listener("node.listen", "--node-listen", options.Node.Listen, isUrl: false) : null;
        var silo = options.IsFleet ? new Listener("node.silo", "--node-silo", options.Node.Silo, isUrl: false) : null;
        string?[] problems = [DataFolderProbe.Run(options.DataFolder), api?.Probe(), gateway?.Probe(), nodes?.Probe(), silo?.Probe()];
        if (problems.OfType<string>().ToList() is { Count: > 0 } found)
        {
            throw new StartupException(found);
        }

        // The file is read before anything runs, so that a damaged one stops the start and is not written over.
        var credentials = CredentialsFile.Load(options.DataFolder);
        var stored = credentials;
        using var random = RandomNumberGenerator.Create();
        credentials = credentials?.WithNodeToken(random) ?? NodeCredentials.Create(random);

        FleetParts? fleet = null;
        if (options.IsFleet)
        {
            try
            {
                fleet = await FleetParts.OpenAsync(options, random);
            }
            catch (StorageException e)
            {
                throw new StartupException(e.Message.ReplaceLineEndings(" "), e);
            }
        }

        // 2.
        var app = Build(options, api, gateway, nodes, credentials, fleet);
        var host = new SkerryHost(app, options, api, gateway, fleet);
        try
        {
            // Mapping opens storage, for the routes hold on to their namespaces.
            var management = ManagementPipeline.Build(app.Services);
            app.Use(next => http => ManagementConnection.Carries(http) ? management(http) : next(http));
            if (nodes is not null)
            {
                var forNodes = NodePipeline.Build(app.Services);
                app.Use(next => http => NodeListener.Carries(http) ? forNodes(http) : next(http));
            }

            GatewayPipeline.AddTo(app);
            await app.StartAsync();

            // 3.
            credentials = credentials with { ApiUrl = host.ApiUrl, GatewayUrl = host.GatewayUrl };

            // Of a full disk a node says so, but nothing new is no reason not to start.
            if (credentials != stored)
            {
                CredentialsFile.Save(options.DataFolder, credentials);
            }

            var issuing = app.Services.GetRequiredService<CredentialsIssuer>().IssueAsync(credentials, app.Lifetime.ApplicationStopping);
            if (!options.IsFleet)
            {
                var issued = await issuing.WaitAsync(IssueTimeout).ContinueWith(
                    static done => done.IsCompletedSuccessfully ? done.Result : null, TaskScheduler.Default);
                host.HasNewToken = issued is not null && issued != credentials;
            }
        }
        catch (Exception e)
        {
            await host.DisposeAsync();
            if (e is OptionsValidationException invalid)
            {
                throw new StartupException([.. invalid.Failures], e);
            }

            if (e is StorageException or { InnerException: AddressInUseException })
            {
                throw new StartupException(e.Message.ReplaceLineEndings(" "), e);
            }

            if (options.Cluster.Membership is { } membership && IsOfMembership(e))
            {
                throw new StartupException(
                    $"cluster.membership: {membership} cannot be used: {e.GetBaseException().Message.ReplaceLineEndings(" ")} Check that it runs, and the address and password.", e);
            }

            throw;
        }

        return host;
    }

    // Orleans passes on whatever the store's own client throws.
    private static bool IsOfMembership(Exception e) =>
        e.GetBaseException().GetType().Namespace is { } from
        && (from.StartsWith("StackExchange.Redis", StringComparison.Ordinal) || from.StartsWith("Npgsql", StringComparison.Ordinal)
            || from.StartsWith("System.Net.Sockets", StringComparison.Ordinal));

    /// <summary>Waits for Ctrl+C, SIGTERM or SIGQUIT.</summary>
    public Task WaitForStopSignalAsync()
    {
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _app.Lifetime.ApplicationStopping.Register(signal.SetResult);
        return signal.Task;
    }

    /// <summary>
    /// Stops in order: listeners close, requests drain for at most two seconds, objects finish, the log is made
    /// durable, the folder's lock is given back. Takes less than five seconds; in a fleet, where objects move to other
    /// nodes first, up to half a minute.
    /// </summary>
    public async Task StopAsync()
    {
        // The web server is stopped by itself first: one time limit for all would let a slow request use up the
        // time that the objects and the log need.
        if (_isFleet)
        {
            // What listens goes on until the objects have moved and everything is in the bucket: others ask for them.
            using var moved = new CancellationTokenSource(FleetStopTimeout);
            await StopAsync(moved);
            return;
        }

        _app.Lifetime.StopApplication();
        using (var drained = new CancellationTokenSource(DrainTimeout))
        {
            await _app.Services.GetRequiredService<IServer>().StopAsync(drained.Token);
        }

        using var stopped = new CancellationTokenSource(StopTimeout);
        await StopAsync(stopped);
    }

    private async Task StopAsync(CancellationTokenSource limit)
    {
        try
        {
            var stopping = _app.StopAsync(limit.Token);
            if (_isFleet)
            {
                // There is an end to what does not look at its token too, as calls of a membership store that is gone.
                stopping = stopping.WaitAsync(FleetStopTimeout + DisposeTimeout);
            }

            await stopping;
        }
        catch (TimeoutException)
        {
            // As below.
        }
        catch (Exception e) when (limit.IsCancellationRequested
            && (e is OperationCanceledException || e is AggregateException { InnerExceptions: var all } && all.All(one => one is OperationCanceledException)))
        {
            // Something took longer than the time there is. What was confirmed is in the log or with the followers, from which it is recovered.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _app.DisposeAsync().AsTask().WaitAsync(DisposeTimeout);
        }
        catch (TimeoutException)
        {
            // The process ends all the same, and with it what is left.
            return;
        }

        // What was made before the application outlives it.
        _fleet?.Dispose();
    }

    private static WebApplication Build(
        SkerryServerOptions options, Listener? api, Listener? gateway, Listener? nodes, NodeCredentials credentials, FleetParts? fleet)
    {
        // The empty builder reads no appsettings.json and no ASPNETCORE_ variables: SettingTable is all there is.
        var builder = WebApplication.CreateEmptyBuilder(new() { EnvironmentName = Environments.Production });
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = options.GatewayBodyBytesMax;
            gateway?.AddTo(server);
            api?.AddTo(server, ManagementConnection.MarkAll);
            if (nodes is not null)
            {
                NodeListener.ConfigureServer(server, NodeSilenceMax);
                nodes.AddTo(server, fleet!.Certificates);
            }
        });
        builder.Logging.SetMinimumLevel(options.LogLevel);

        // A start that fails is told once, by its caller, in one line; the generic host would log it with its stack too.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<ConsoleLifetimeOptions>(lifetime => lifetime.SuppressStatusMessages = true);
        builder.Services.AddRouting();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(Options.Create(options));
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(credentials);
        builder.Services.AddSingleton(new GatewayAddress(gateway));
        builder.Services.AddSingleton(new ManagementAddress(api));
        builder.Services.AddSingleton<Health>();
        builder.Services.AddSingleton<ClusterAccount>();
        builder.Services.AddSingleton<CredentialsIssuer>();
        ManagementPipeline.AddTo(builder.Services, options);

        // Passkeys belong to a name, which an address on loopback is none of. The port may be known only once it is taken.
        builder.Services.Configure<PasskeyOptions>(passkeys =>
        {
            if (options.SignIn.Url is { } site)
            {
                (passkeys.Domain, passkeys.Origins) = (site.Host, [site.GetLeftPart(UriPartial.Authority)]);
            }
            else if (api is not null)
            {
                passkeys.Origins = [$"http://{passkeys.Domain}:{new Uri(api.ClientUrl).Port}"];
            }
        });
        if (fleet is not null)
        {
            builder.Services.AddRelay();
            builder.Services.AddSingleton(fleet.Identity);
            builder.Services.AddSingleton(fleet.Certificates);
            builder.Services.AddSingleton<RelayServer>();
            builder.Services.AddSingleton<IFleetView>(s => new FleetView(
                options.Cluster.Name, fleet.Bucket, s.GetRequiredService<ISessionFigures>(), fleet.Transport, TimeProvider.System));
        }
        else
        {
            builder.Services.AddSingleton<IFleetView, AloneView>();
        }

        HostedObjects.AddTo(builder, options, fleet);
        return builder.Build();
    }
}
