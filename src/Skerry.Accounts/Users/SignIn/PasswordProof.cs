using Skerry.Accounts.Audit;
using Skerry.Accounts.Users.TwoFactor;
using Skerry.Objects;

namespace Skerry.Accounts.Users.SignIn;

/// <summary>
/// Proves by a password that it is the user. In this order:
/// <list type="number">
/// <item>The guard says whether a try may be made. Nothing is written, and nobody waits for a processor who may not.</item>
/// <item>A place is taken for comparing. Whoever gets none has left nothing behind either.</item>
/// <item>The guard says so again, and counts the try.</item>
/// <item>The password is compared with the user's, or with nobody's if there is none, which takes as long.</item>
/// <item>A code of the second factor is used up, if it is asked for.</item>
/// <item>The guard forgets the failures.</item>
/// </list>
/// </summary>
/// <param name="userId">The user.</param>
/// <param name="find">The user as he is now; null if there is none.</param>
/// <param name="table">Where a weak hash is replaced.</param>
/// <param name="factor">The second factor; asked only if there is a user.</param>
/// <param name="hashing">Compares.</param>
/// <param name="guards">Slow down whoever guesses.</param>
internal sealed class PasswordProof(
    string userId, Func<UserRow?> find, UserTable table, TwoFactorTable factor, PasswordHashing hashing, DurableObjectNamespace<ISignInGuard> guards)
{
    private static readonly TimeSpan BusyTime = TimeSpan.FromSeconds(1);

    /// <summary>Proves it.</summary>
    /// <param name="password">The password.</param>
    /// <param name="withFactor">Whether a code is needed besides, if the user has a second factor.</param>
    /// <param name="code">The code; null: none.</param>
    /// <param name="queue">Where to wait for a processor.</param>
    /// <param name="by">Where from.</param>
    /// <returns>The user; or why not.</returns>
    public async Task<Answer<UserRow>> ProveAsync(string? password, bool withFactor, string? code, PasswordQueue queue, Actor by)
    {
        if (password is null or { Length: > PasswordRules.CharsMax } || code is { Length: > TwoFactorTable.CodeCharsMax })
        {
            return new(null, AccountsFault.Invalid, $"password: it is missing or too long; accepted: up to {PasswordRules.CharsMax} characters, and {TwoFactorTable.CodeCharsMax} of a code.");
        }

        // 1
        var (guard, prefix) = (guards.Of(userId), AddressPrefix.Of(by.Address));
        if (await guard.Look(userId, prefix) is var held && held > TimeSpan.Zero)
        {
            return TryLater(held);
        }

        // 2
        using var place = await hashing.EnterAsync(queue);
        if (place is null)
        {
            return TryLater(BusyTime);
        }

        // 3
        if (await guard.Begin(userId, prefix) is var wait && wait > TimeSpan.Zero)
        {
            return TryLater(wait);
        }

        // 4
        var before = find();
        var check = await place.CheckAsync(before?.PasswordHash, password);
        if (check == PasswordCheck.Busy)
        {
            await guard.TakeBack(userId, prefix);
            return TryLater(BusyTime);
        }

        // Others may have been in meanwhile: a password that was just replaced proves nothing.
        if (check == PasswordCheck.Wrong || find() is not { } user || user.PasswordNumber != before?.PasswordNumber)
        {
            return new(null, AccountsFault.NotProved, "The e-mail address or the password is wrong.");
        }

        // 5
        if (withFactor && factor.IsEnabled)
        {
            if (code is null)
            {
                await guard.TakeBack(userId, prefix);
                return new(null, AccountsFault.CodeNeeded, "A code of the second factor is needed besides the password.");
            }

            if (!factor.TryUse(code))
            {
                return new(null, AccountsFault.NotProved, "The code is wrong, or was used before.");
            }
        }

        // 6
        await guard.Succeed(userId, prefix);
        if (check == PasswordCheck.RightButWeak && await hashing.HashAsync(password, queue) is { } stronger)
        {
            table.Strengthen(before.PasswordHash!, stronger);
        }

        return user;
    }

    private static Answer<UserRow> TryLater(TimeSpan wait) => new(
        null, AccountsFault.TryLater, $"Too many tries; the next one can be made in {Math.Ceiling(wait.TotalSeconds):0} s.", wait);
}
