using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Skerry.Accounts.Tokens;
using Skerry.Objects;

namespace Skerry.Accounts;

/// <summary>Puts accounts into an application that hosts durable objects.</summary>
public static class AccountsHostingExtensions
{
    /// <summary>Hosts the objects of accounts, and adds the <see cref="TokenAuthority"/> by which this node knows tokens.</summary>
    public static SkerryBuilder AddAccounts(this SkerryBuilder skerry)
    {
        ArgumentNullException.ThrowIfNull(skerry);
        skerry.Services.TryAddSingleton(static _ => RandomNumberGenerator.Create());
        skerry.Services.AddSingleton<TokenAuthority>();
        return skerry.AddDurableObject<IAccount, Account>().AddDurableObject<ITokenIndex, TokenIndex>();
    }
}
