using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Skerry.Accounts.Directory;
using Skerry.Accounts.Tokens;
using Skerry.Objects;

namespace Skerry.Accounts;

/// <summary>Puts accounts into an application that hosts durable objects.</summary>
public static class AccountsHostingExtensions
{
    /// <summary>What the names of their objects' namespaces begin with.</summary>
    public const string NamespacePrefix = "skerry-";

    /// <summary>Hosts the objects of accounts, and adds the <see cref="Authorizer"/> that this node's API asks.</summary>
    public static SkerryBuilder AddAccounts(this SkerryBuilder skerry)
    {
        ArgumentNullException.ThrowIfNull(skerry);
        skerry.Services.TryAddSingleton(static _ => RandomNumberGenerator.Create());
        skerry.Services.AddSingleton<TokenAuthority>();
        skerry.Services.AddSingleton<Authorizer>();
        return skerry
            .AddDurableObject<IAccountDirectory, AccountDirectory>(NamespacePrefix + "account-directory")
            .AddDurableObject<IAccount, Account>(NamespacePrefix + "account")
            .AddDurableObject<ITokenIndex, TokenIndex>(NamespacePrefix + "token-index");
    }
}
