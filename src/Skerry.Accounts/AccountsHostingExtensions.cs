using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
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
    /// <summary>
    /// Hosts the objects of accounts and users, and adds what this node knows of them by: <see cref="TokenAuthority"/>,
    /// <see cref="MemberAuthority"/> and <see cref="UserRegistry"/>.
    /// </summary>
    public static SkerryBuilder AddAccounts(this SkerryBuilder skerry)
    {
        ArgumentNullException.ThrowIfNull(skerry);
        skerry.Services.TryAddSingleton(static _ => RandomNumberGenerator.Create());
        skerry.Services.TryAddSingleton(static _ => new PasswordHashing());
        skerry.Services.AddOptions<PasskeyOptions>();
        skerry.Services.AddSingleton<PasskeyCheck>();
        skerry.Services.AddSingleton<UserServices>();
        skerry.Services.AddSingleton<TokenAuthority>();
        skerry.Services.AddSingleton<MemberAuthority>();
        skerry.Services.AddSingleton<UserRegistry>();
        return skerry
            .AddDurableObject<IAccount, Account>()
            .AddDurableObject<ITokenIndex, TokenIndex>()
            .AddDurableObject<IUser, User>()
            .AddDurableObject<IUserIndex, UserIndex>()
            .AddDurableObject<ISignInGuard, SignInGuard>();
    }
}
