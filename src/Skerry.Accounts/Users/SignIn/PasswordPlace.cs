using System.Threading.RateLimiting;

namespace Skerry.Accounts.Users.SignIn;

/// <summary>
/// The right to have one password compared or hashed: one that has it is not turned away any more. It is used up by its first
/// use, and given back by <see cref="Dispose"/> or after <see cref="TimeMax"/>, as whoever has it may be an object that is
/// reset, of which nothing ever goes on. Thread-safe.
/// </summary>
internal sealed class PasswordPlace : IDisposable
{
    /// <summary>How long it is kept for whoever does not use it.</summary>
    public static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(30);

    private readonly PasswordHashing _hashing;
    private readonly RateLimitLease _lease;
    private readonly ITimer _timer;
    private int _isTaken;

    /// <summary>Takes it.</summary>
    /// <param name="hashing">What does the work.</param>
    /// <param name="lease">What is given back.</param>
    /// <param name="time">The clock.</param>
    public PasswordPlace(PasswordHashing hashing, RateLimitLease lease, TimeProvider time)
    {
        (_hashing, _lease) = (hashing, lease);
        _timer = time.CreateTimer(static place => ((PasswordPlace)place!).Dispose(), this, TimeMax, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Compares a password with a hash; with none it takes the same time, and is wrong.</summary>
    /// <returns>Busy if this was used up or given back before.</returns>
    public async Task<PasswordCheck> CheckAsync(string? hash, string password)
    {
        if (!TryTake())
        {
            return PasswordCheck.Busy;
        }

        using (_lease)
        {
            return await _hashing.RunAsync(() => _hashing.Check(hash, password)).ConfigureAwait(false);
        }
    }

    /// <summary>Hashes a password; null if this was used up or given back before.</summary>
    public async Task<string?> HashAsync(string password)
    {
        if (!TryTake())
        {
            return null;
        }

        using (_lease)
        {
            return await _hashing.RunAsync(() => _hashing.Hash(password)).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (TryTake())
        {
            _lease.Dispose();
        }
    }

    private bool TryTake()
    {
        if (Interlocked.Exchange(ref _isTaken, 1) != 0)
        {
            return false;
        }

        _timer.Dispose();
        return true;
    }
}
