using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Tests.Audit;
using Skerry.Accounts.Tokens;
using Skerry.Objects;

namespace Skerry.Accounts.Tests.Hosting;

/// <summary>A whole node with accounts in this process. Can be started again on its folder.</summary>
public sealed class AccountsNode : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-accounts-").FullName;
    private WebApplication? _app;

    public DurableObjectNamespace<IAccount> Accounts => _app!.Services.GetRequiredService<DurableObjectNamespace<IAccount>>();

    public DurableObjectNamespace<ITokenIndex> Index => _app!.Services.GetRequiredService<DurableObjectNamespace<ITokenIndex>>();

    public DurableObjectNamespace<IAuditedThing> Audited => _app!.Services.GetRequiredService<DurableObjectNamespace<IAuditedThing>>();

    /// <summary>Another node's eyes: each has a cache of its own, and here a clock that only the test moves.</summary>
    public TokenAuthority Authority(FakeTimeProvider clock) => new(Accounts, Index, clock, NullLogger<TokenAuthority>.Instance);

    /// <summary>An account that is nobody else's.</summary>
    public async Task<(string Id, IAccount Account)> NewAccountAsync()
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var account = Accounts.GetByName(id);
        await account.Create("default", Actor.System);
        return (id, account);
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await InitializeAsync();
    }

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddSkerry(o => o.DataFolder = _folder)
            .AddAccounts()
            .AddDurableObject<IAuditedThing, AuditedThing>();
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
