using Skerry.Accounts.Tokens;
using Skerry.Accounts.Users.Passkeys;
using Skerry.Accounts.Users.SignIn;
using Skerry.Objects;

namespace Skerry.Accounts.Users;

/// <summary>What users' objects work with. Thread-safe.</summary>
/// <param name="Accounts">The accounts.</param>
/// <param name="Tokens">Where tokens are found by their values.</param>
/// <param name="Index">Where users are found.</param>
/// <param name="Guards">Slow down whoever guesses.</param>
/// <param name="Hashing">Makes and compares hashes of passwords.</param>
/// <param name="Passkeys">Checks what authenticators answer.</param>
public sealed record UserServices(
    DurableObjectNamespace<IAccount> Accounts,
    DurableObjectNamespace<ITokenIndex> Tokens,
    DurableObjectNamespace<IUserIndex> Index,
    DurableObjectNamespace<ISignInGuard> Guards,
    PasswordHashing Hashing,
    PasskeyCheck Passkeys);
