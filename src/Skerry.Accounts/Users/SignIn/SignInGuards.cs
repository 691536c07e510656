using Skerry.Objects;

namespace Skerry.Accounts.Users.SignIn;

/// <summary>Which of the guards is whose.</summary>
internal static class SignInGuards
{
    /// <summary>The guard that counts a user's failures.</summary>
    public static ISignInGuard Of(this DurableObjectNamespace<ISignInGuard> guards, string userId) => guards.GetByName(userId[..2]);
}
