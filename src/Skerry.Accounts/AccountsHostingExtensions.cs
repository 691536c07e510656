using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Skerry.Accounts.Founding;
using Skerry.Accounts.Members;
using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users;
using Skerry.Accounts.Users.Passkeys;
using Skerry.Accounts.Users.SignIn;
using Skerry.Objects;

namespace Skerry.Accounts;

/// <summary>Puts accounts into an application that hosts durable objects.</summary>
public static class AccountsHostingExtensions
{
    /// <summary>What the names of their objects' namespaces begin with.</summary>
    public const string NamespacePrefix = "skerry-";

    /// <summary>
    /// Hosts the objects of accounts and users, and adds the <see cref="Authorizer"/> that this node's API asks, and the
    /// <see cref="UserRegistry"/>.
    /// </summary>
    public static SkerryBuilder AddAccounts(this SkerryBuilder skerry)
    {
        ArgumentNullException.ThrowIfNull(skerry);
        skerry.Services.TryAddSingleton(static _ => RandomNumberGenerator.Create());
        skerry.Services.TryAddSingleton(static services => new PasswordHashing(time: services.GetRequiredService<TimeProvider>()));
        skerry.Services.AddOptions<PasskeyOptions>();
        skerry.Services.AddSingleton<PasskeyCheck>();
        skerry.Services.AddSingleton<UserServices>();
        skerry.Services.AddSingleton<TokenAuthority>();
        skerry.Services.AddSingleton<MemberAuthority>();
        skerry.Services.AddSingleton<UserRegistry>();
        skerry.Services.AddSingleton<Authorizer>();
        return skerry
            .AddDurableObject<IAccountDirectory, AccountDirectory>(NamespacePrefix + "account-directory")
            .AddDurableObject<IAccount, Account>(NamespacePrefix + "account")
            .AddDurableObject<ITokenIndex, TokenIndex>(NamespacePrefix + "token-index")
            .AddDurableObject<IUser, User>(NamespacePrefix + "user")
            .AddDurableObject<IUserIndex, UserIndex>(NamespacePrefix + "user-index")
            .AddDurableObject<ISignInGuard, SignInGuard>(NamespacePrefix + "sign-in-guard");
    }
}
