using Skerry.Server.Management.Api;
using Skerry.Server.Management.Requests;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Holds each address to a few sign-ins a second, before anything is computed or written for one: comparing a password is made
/// to be costly. How often one user's password is guessed is counted elsewhere. Thread-safe.
/// </summary>
internal sealed class SignInRates : IDisposable
{
    private const int AtOnceMax = 20;
    private const int PerSecond = 2;

    private readonly AddressRates _rates = new(AtOnceMax, PerSecond);

    /// <summary>Counts a sign-in.</summary>
    /// <exception cref="RequestException">There are too many.</exception>
    public void Require(HttpContext http)
    {
        if (!_rates.TryTake(http.Address()))
        {
            throw new RequestException(StatusCodes.Status429TooManyRequests, ErrorCodes.TooManyRequests, "Too many sign-ins come from this address; try again in 1 s.")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _rates.Dispose();
}
