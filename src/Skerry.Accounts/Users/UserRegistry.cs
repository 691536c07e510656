using System.Security.Cryptography;
using System.Text;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Users.Passkeys;
using Skerry.Accounts.Users.Sessions;
using Skerry.Objects;

namespace Skerry.Accounts.Users;

/// <summary>
/// Makes users and finds them by what people type. Nobody learns from signing in whether an e-mail address is somebody's: of
/// one that is not, the same work is done for a user who is not there, and refusals leave in steps of half a second.
/// Thread-safe.
/// </summary>
/// <param name="users">The users.</param>
/// <param name="index">Where they are found.</param>
/// <param name="random">A cryptographic source.</param>
/// <param name="time">The clock.</param>
public sealed class UserRegistry(
    DurableObjectNamespace<IUser> users, DurableObjectNamespace<IUserIndex> index, RandomNumberGenerator random, TimeProvider time)
{
    // More than it takes to compare a password where processors are not short; what waits for one takes whole steps more.
    private static readonly TimeSpan RefusalStep = TimeSpan.FromMilliseconds(500);

    /// <summary>Makes a user, if nobody has the e-mail address.</summary>
    public Task<Answer<UserInfo>> RegisterAsync(NewUser user, Actor by)
    {
        Span<byte> id = stackalloc byte[16];
        random.GetBytes(id);
        return users.GetByName(Convert.ToHexStringLower(id)).Create(user, by);
    }

    /// <summary>The id of the user with an e-mail address; null if nobody has it. Not for people who have not signed in.</summary>
    public Task<string?> FindByEmailAsync(string email) =>
        EmailAddress.TryNormalize(email, out var address, out _) ? FindAsync(UserKey.OfEmail(address)) : Task.FromResult<string?>(null);

    /// <summary>The id of the user with an identity at another sign-in; null if it is nobody's.</summary>
    public Task<string?> FindByLinkAsync(UserLink link)
    {
        ArgumentNullException.ThrowIfNull(link);
        return link.Problem is null ? FindAsync(UserKey.OfLink(link.Issuer, link.Subject)) : Task.FromResult<string?>(null);
    }

    /// <summary>Begins a session by e-mail address and password.</summary>
    /// <param name="email">The address.</param>
    /// <param name="password">The password.</param>
    /// <param name="code">A code of the second factor, or a recovery code; null: none.</param>
    /// <param name="by">Where from, and by what client.</param>
    public Task<Answer<CreatedSession>> SignInAsync(string email, string password, string? code, Actor by) =>
        RefuseInStepsAsync(email, user => user.SignIn(password, code, by));

    /// <summary>What to ask an authenticator for, to sign in as whoever has an e-mail address.</summary>
    public async Task<PasskeyRequest> BeginPasskeySignInAsync(string email) =>
        await (await FindOrNobodyAsync(email).ConfigureAwait(false)).BeginPasskeySignIn().ConfigureAwait(false);

    /// <summary>Begins a session by e-mail address and passkey.</summary>
    /// <param name="email">The address.</param>
    /// <param name="response">What the authenticator has answered, as JSON.</param>
    /// <param name="by">Where from, and by what client.</param>
    public Task<Answer<CreatedSession>> SignInByPasskeyAsync(string email, string response, Actor by) =>
        RefuseInStepsAsync(email, user => user.SignInByPasskey(response, by));

    /// <summary>Begins a session of somebody whom another sign-in has let in, and whoever asks has checked that.</summary>
    public async Task<Answer<CreatedSession>> SignInByLinkAsync(UserLink link, Actor by) =>
        await FindByLinkAsync(link).ConfigureAwait(false) is { } id
            ? await users.GetByName(id).SignInByLink(link, by).ConfigureAwait(false)
            : new(null, AccountsFault.NotFound, "This sign-in is not linked to a user.");

    private async Task<Answer<CreatedSession>> RefuseInStepsAsync(string email, Func<IUser, Task<Answer<CreatedSession>>> signIn)
    {
        var begun = time.GetTimestamp();
        var answer = await signIn(await FindOrNobodyAsync(email).ConfigureAwait(false)).ConfigureAwait(false);
        if (answer.Value is null)
        {
            var steps = Math.Ceiling(time.GetElapsedTime(begun) / RefusalStep);
            var left = (RefusalStep * steps) - time.GetElapsedTime(begun);
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, time).ConfigureAwait(false);
        }

        return answer;
    }

    private async Task<IUser> FindOrNobodyAsync(string email)
    {
        var address = EmailAddress.TryNormalize(email, out var normal, out _) ? normal : email ?? "";
        return users.GetByName(await FindAsync(UserKey.OfEmail(address)).ConfigureAwait(false) ?? Nobody(address));
    }

    private Task<string?> FindAsync(byte[] key) => index.Of(key).Find(key);

    // Always the same id for an address, so that guesses are counted as anybody's are. No user's id is made so.
    private static string Nobody(string address) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("nobody: " + address)).AsSpan(0, 16));
}
