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
public sealed class PasswordHashing : IDisposable
{
    /// <summary>How often the hash is repeated: what OWASP's Password Storage Cheat Sheet asks of PBKDF2-HMAC-SHA512, rounded up.</summary>
    public const int Iterations = 220_000;

    private const int WaitingMax = 64;

    private readonly PasswordHasher<string> _hasher;
    private readonly ConcurrencyLimiter _limiter = new(new()
    {
        PermitLimit = Math.Max(1, Environment.ProcessorCount / 2),
        QueueLimit = WaitingMax,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    // What passwords of users are compared with who are not there, or have none: as much work as for anybody else.
    private readonly string _nobodys;

    /// <summary>Takes a number of iterations.</summary>
    /// <param name="iterations">How often the hash is repeated. Hashes with fewer are made anew when they are next used.</param>
    public PasswordHashing(int iterations = Iterations)
    {
        _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = iterations }));
        _nobodys = Nobodys(iterations);
    }

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();

    /// <summary>Hashes a password; null if too many others are at it.</summary>
    internal async Task<string?> HashAsync(string password)
    {
        using var lease = await _limiter.AcquireAsync().ConfigureAwait(false);
        return lease.IsAcquired ? await Task.Run(() => _hasher.HashPassword("", password)).ConfigureAwait(false) : null;
    }

    /// <summary>Compares a password with a hash; with none it takes the same time, and is wrong.</summary>
    internal async Task<PasswordCheck> CheckAsync(string? hash, string password)
    {
        using var lease = await _limiter.AcquireAsync().ConfigureAwait(false);
        if (!lease.IsAcquired)
        {
            return PasswordCheck.Busy;
        }

        var result = await Task.Run(() => _hasher.VerifyHashedPassword("", hash ?? _nobodys, password)).ConfigureAwait(false);
        return hash is null ? PasswordCheck.Wrong : result switch
        {
            PasswordVerificationResult.Success => PasswordCheck.Right,
            PasswordVerificationResult.SuccessRehashNeeded => PasswordCheck.RightButWeak,
            _ => PasswordCheck.Wrong,
        };
    }

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
