using Skerry.Objects;

namespace Skerry.Accounts.Users.SignIn;

/// <summary>
/// Slows down whoever guesses passwords or codes. There are 256 of them, by the first byte of the user's id: their names are
/// two hexadecimal digits.
/// </summary>
/// <remarks>
/// <para>Failures are counted for a user and the network they come from (<see cref="AddressPrefix"/>), so that whoever fails on
/// purpose locks out his own network only. Failures from many networks count together besides; that never holds up networks
/// from which the user has proved himself before.</para>
/// <para>A try is counted before it is made, so that many at once are not more than many one by one.</para>
/// <para>A user's id that nobody has is counted like any other, so what is remembered is bounded. Where there are too many, the
/// smallest count goes first, one that holds nobody up before one that does, and the next begins where that one has ended,
/// up to where waiting begins. So whoever makes up users gets rid of no count, and makes others wait a little earlier at most.</para>
/// </remarks>
public interface ISignInGuard : IDurableObject
{
    /// <summary>The most counts remembered in one of them.</summary>
    const int FailuresMax = 10_000;

    /// <summary>The most networks remembered for a user from which he has proved himself; those used longest ago go first.</summary>
    const int FamiliarMax = 32;

    /// <summary>Asks whether a try may be made, and counts nothing.</summary>
    /// <returns>Zero; or how long to wait.</returns>
    Task<TimeSpan> Look(string userId, string prefix);

    /// <summary>Asks whether a try may be made, and counts it as a failure if so.</summary>
    /// <returns>Zero; or how long to wait, and then nothing was counted.</returns>
    Task<TimeSpan> Begin(string userId, string prefix);

    /// <summary>Takes back the count of a try that was not a guess.</summary>
    Task TakeBack(string userId, string prefix);

    /// <summary>The user has proved himself: his failures from there are forgotten, and the network is his.</summary>
    Task Succeed(string userId, string prefix);

    /// <summary>Forgets everything of a user who is gone.</summary>
    Task Forget(string userId);
}
