using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Serialization;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Members;
using Skerry.Accounts.Tests.Audit;
using Skerry.Accounts.Tests.Users;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Accounts.Users.SignIn;
using Skerry.Objects;

namespace Skerry.Accounts.Tests.Hosting;

/// <summary>A whole node with accounts in this process. Can be started again on its folder.</summary>
public sealed class AccountsNode : IAsyncLifetime
{
    public const int PasswordIterations = 1_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-accounts-").FullName;
    private int _passwordIterations = PasswordIterations;
    private WebApplication? _app;

    public DurableObjectNamespace<IAccount> Accounts => _app!.Services.GetRequiredService<DurableObjectNamespace<IAccount>>();

    public DurableObjectNamespace<ITokenIndex> Index => _app!.Services.GetRequiredService<DurableObjectNamespace<ITokenIndex>>();

    public DurableObjectNamespace<IUser> Users => _app!.Services.GetRequiredService<DurableObjectNamespace<IUser>>();

    public DurableObjectNamespace<IUserIndex> UserIndex => _app!.Services.GetRequiredService<DurableObjectNamespace<IUserIndex>>();

    public DurableObjectNamespace<ISignInGuard> Guards => _app!.Services.GetRequiredService<DurableObjectNamespace<ISignInGuard>>();

    public DurableObjectNamespace<IMembershipHolder> MembershipHolders => _app!.Services.GetRequiredService<DurableObjectNamespace<IMembershipHolder>>();

    public DurableObjectNamespace<IKeyHolder> KeyHolders => _app!.Services.GetRequiredService<DurableObjectNamespace<IKeyHolder>>();

    /// <summary>What this node's users have their passwords hashed by.</summary>
    public PasswordHashing Hashing => _app!.Services.GetRequiredService<PasswordHashing>();

    /// <summary>Its figures.</summary>
    public NodeStatus Status => _app!.Services.GetRequiredService<NodeStatus>();

    /// <summary>What values travel between nodes by.</summary>
    public Serializer Wire => _app!.Services.GetRequiredService<Serializer>();

    public UserRegistry Registry => _app!.Services.GetRequiredService<UserRegistry>();

    public DurableObjectNamespace<IAuditedThing> Audited => _app!.Services.GetRequiredService<DurableObjectNamespace<IAuditedThing>>();

    /// <summary>Another node's eyes: each has a cache of its own, and here a clock that only the test moves.</summary>
    public TokenAuthority Authority(FakeTimeProvider clock) => new(Accounts, Users, Index, clock, NullLogger<TokenAuthority>.Instance);

    /// <summary>The same for members.</summary>
    public MemberAuthority Members(FakeTimeProvider clock) => new(Accounts, clock, NullLogger<MemberAuthority>.Instance);

    /// <summary>The node's clock on the wall. Timers run as ever.</summary>
    public StandingClock Clock { get; } = new();

    /// <summary>An account that is nobody else's.</summary>
    public async Task<(string Id, IAccount Account)> NewAccountAsync()
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var account = Accounts.GetByName(id);
        await account.Create("default", Actor.System);
        return (id, account);
    }

    /// <summary>An object's database file as it is now.</summary>
    public async Task<byte[]> ExportAsync(IDurableObject stub)
    {
        using var file = new MemoryStream();
        await _app!.Services.GetRequiredService<ObjectHistory>().ExportAsync(stub.GetId(), null, new DefaultHttpContext { Response = { Body = file } });
        return file.ToArray();
    }

    /// <summary>Ends the node and starts it again on its folder.</summary>
    /// <param name="passwordIterations">How often it hashes passwords from now on.</param>
    public async Task RestartAsync(int passwordIterations = PasswordIterations)
    {
        _passwordIterations = passwordIterations;
        await StopAsync();
        await InitializeAsync();
    }

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(Clock);

        // Hashed less often: what is looked at here is what becomes of the result.
        builder.Services.AddSingleton(_ => new PasswordHashing(_passwordIterations));
        builder.AddSkerry(o => o.DataFolder = _folder)
            .AddAccounts()
            .AddDurableObject<IAuditedThing, AuditedThing>()
            .AddDurableObject<IKeyHolder, KeyHolder>()
            .AddDurableObject<IMembershipHolder, MembershipHolder>();
        _app = builder.Build();
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StopAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
    }
}
