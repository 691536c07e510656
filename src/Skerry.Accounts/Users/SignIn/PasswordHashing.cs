using System.Buffers.Binary;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Skerry.Accounts.Users.SignIn;

/// <summary>
/// Makes and compares hashes of passwords: PBKDF2 with HMAC-SHA512 and a salt of its own for each, as ASP.NET Core Identity
/// writes them. It takes a good part of a second of one processor, so not more run at once than half of the processors, away
/// from the objects that ask. Thread-safe.
/// </summary>
/// <remarks>
/// Whoever wants something hashed first takes a place (<see cref="EnterAsync"/>), of which each queue has as many as run at
/// once. Those who sign in and those who have done so wait in queues of their own, and take turns where they meet: however
/// many sign in, one who has waits for no more of them than run at once.
/// </remarks>
public sealed class PasswordHashing : IDisposable
{
    /// <summary>How often the hash is repeated: what OWASP's Password Storage Cheat Sheet asks of PBKDF2-HMAC-SHA512, rounded up.</summary>
    public const int Iterations = 220_000;

    /// <summary>The most who wait in one queue.</summary>
    internal const int WaitingMax = 64;

    /// <summary>How many run at once, and the places of each queue.</summary>
    internal static readonly int AtOnceMax = Math.Max(1, Environment.ProcessorCount / 2);

    private readonly PasswordHasher<string> _hasher;
    private readonly TimeProvider _time;
    private readonly ConcurrencyLimiter _strangers = NewQueue();
    private readonly ConcurrencyLimiter _signedIn = NewQueue();

    // Only those wait here who have a place, so it needs no bound of its own.
    private readonly SemaphoreSlim _processors = new(AtOnceMax);

    // What passwords of users are compared with who are not there, or have none: as much work as for anybody else.
    private readonly string _nobodys;

    /// <summary>Takes a number of iterations.</summary>
    /// <param name="iterations">How often the hash is repeated. Hashes with fewer are made anew when they are next used.</param>
    /// <param name="time">The clock by which places end that nobody uses; null: the system's.</param>
    public PasswordHashing(int iterations = Iterations, TimeProvider? time = null)
    {
        _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = iterations }));
        _time = time ?? TimeProvider.System;
        _nobodys = Nobodys(iterations);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _strangers.Dispose();
        _signedIn.Dispose();
        _processors.Dispose();
    }

    /// <summary>Waits for a place; null if too many others do.</summary>
    internal async Task<PasswordPlace?> EnterAsync(PasswordQueue queue)
    {
        var lease = await (queue == PasswordQueue.SignedIn ? _signedIn : _strangers).AcquireAsync().ConfigureAwait(false);
        if (lease.IsAcquired)
        {
            return new(this, lease, _time);
        }

        lease.Dispose();
        return null;
    }

    /// <summary>Takes a place and hashes a password; null if too many others are at it.</summary>
    internal async Task<string?> HashAsync(string password, PasswordQueue queue)
    {
        using var place = await EnterAsync(queue).ConfigureAwait(false);
        return place is null ? null : await place.HashAsync(password).ConfigureAwait(false);
    }

    /// <summary>For places only: runs what keeps a processor busy.</summary>
    internal async Task<T> RunAsync<T>(Func<T> work)
    {
        await _processors.WaitAsync().ConfigureAwait(false);
        try
        {
            return await Task.Run(work).ConfigureAwait(false);
        }
        finally
        {
            _processors.Release();
        }
    }

    /// <summary>For places only: hashes a password.</summary>
    internal string Hash(string password) => _hasher.HashPassword("", password);

    /// <summary>For places only: compares a password with a hash, or with nobody's.</summary>
    internal PasswordCheck Check(string? hash, string password)
    {
        var result = _hasher.VerifyHashedPassword("", hash ?? _nobodys, password);
        return hash is null ? PasswordCheck.Wrong : result switch
        {
            PasswordVerificationResult.Success => PasswordCheck.Right,
            PasswordVerificationResult.SuccessRehashNeeded => PasswordCheck.RightButWeak,
            _ => PasswordCheck.Wrong,
        };
    }

    private static ConcurrencyLimiter NewQueue() => new(new()
    {
        PermitLimit = AtOnceMax,
        QueueLimit = WaitingMax,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    // Identity's version 3: its number, the function (2 is HMAC-SHA512), the iterations, the salt's length, salt and key.
    private static string Nobodys(int iterations)
    {
        const int SaltBytes = 16;
        const int KeyBytes = 32;
        Span<byte> hash = stackalloc byte[13 + SaltBytes + KeyBytes];
        hash.Clear();
        hash[0] = 1;
        BinaryPrimitives.WriteInt32BigEndian(hash[1..], 2);
        BinaryPrimitives.WriteInt32BigEndian(hash[5..], iterations);
        BinaryPrimitives.WriteInt32BigEndian(hash[9..], SaltBytes);
        return Convert.ToBase64String(hash);
    }
}
