using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skerry.Accounts;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Permissions;
using Skerry.Accounts.Policies;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Objects;

namespace Skerry.Bench.Ours;

/// <summary>Accounts and their tokens, hosted in this process.</summary>
internal sealed class AccountsHost : IAsyncDisposable
{
    private readonly IHost _host;

    private AccountsHost(IHost host)
    {
        _host = host;
        Accounts = host.Services.GetRequiredService<DurableObjectNamespace<IAccount>>();
        Users = host.Services.GetRequiredService<DurableObjectNamespace<IUser>>();
        Index = host.Services.GetRequiredService<DurableObjectNamespace<ITokenIndex>>();
        Authorizer = host.Services.GetRequiredService<Authorizer>();
    }

    public static Permission Asked { get; } = new(Product.Queues, AccessLevel.Write);

    public DurableObjectNamespace<IAccount> Accounts { get; }

    public DurableObjectNamespace<IUser> Users { get; }

    public DurableObjectNamespace<ITokenIndex> Index { get; }

    public Authorizer Authorizer { get; }

    public static async Task<AccountsHost> Start(string folder, CancellationToken cancel)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.AddSkerry(options =>
        {
            options.DataFolder = folder;
            options.IdleEvict = TimeSpan.FromMinutes(10);
        }).AddAccounts();
        var host = builder.Build();
        await host.StartAsync(cancel);
        return new AccountsHost(host);
    }

    /// <summary>Makes an account with so many tokens.</summary>
    /// <returns>Its id, and the tokens' values.</returns>
    public async Task<(string Account, string[] Values)> Fill(int tokens, CancellationToken cancel)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var account = Accounts.GetByName(id);
        await account.Create("bench", Actor.System);
        var values = new string[tokens];
        await Parallel.ForAsync(0, tokens, new ParallelOptions { MaxDegreeOfParallelism = 256, CancellationToken = cancel }, async (i, _) =>
        {
            var answer = await account.CreateToken(Settings(id), Actor.System);
            values[i] = answer.Value?.Value ?? throw new BenchException(answer.Message!);
        });
        return (id, values);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }

    // As a workflow's token is: three policies, one of them a denial, and two networks.
    private static TokenSettings Settings(string account) => new(
        "workflow",
        [
            new("p1", PolicyEffect.Allow, [Group(Asked), Group(new(Product.D1, AccessLevel.Write))], Resources(ResourceName.Account(account))),
            new("p2", PolicyEffect.Allow, [Group(new(Product.WorkersKvStorage, AccessLevel.Read))], Resources(ResourceName.Account(account))),
            new("p3", PolicyEffect.Deny, [Group(Asked)], Resources(ResourceName.Queue(account, new string('0', 32)))),
        ],
        ["127.0.0.0/8", "2001:db8::/32"]);

    private static string Group(Permission permission) => PermissionGroups.FindFor(permission)!.Id;

    private static Dictionary<string, string> Resources(ResourceName resource) => new() { [resource.ToString()] = "*" };
}
