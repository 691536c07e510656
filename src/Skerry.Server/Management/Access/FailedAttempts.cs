using System.Collections.Concurrent;
using System.Net;
using Skerry.Accounts.Tokens;

namespace Skerry.Server.Management.Access;

/// <summary>
/// Counts requests whose token may be none, by the address that they come from: each costs a question to an object. A home's
/// or a machine's addresses of version 6 count as one. Thread-safe.
/// </summary>
internal sealed class FailedAttempts : IDisposable
{
    private const int AtOnceMax = 100;
    private const int PerSecond = 5;

    private const int RightMax = 10_000;

    private readonly ConcurrentDictionary<TokenHash, byte> _right = new();
    private readonly AddressRates _rates = new(AtOnceMax, PerSecond);

    /// <summary>
    /// Counts a value that nobody has used here before, before it is looked up: it may be none. What was one is let pass
    /// whatever its address is guilty of.
    /// </summary>
    /// <returns>In how many seconds to try again; null: now.</returns>
    public int? RetryAfter(IPAddress? address, TokenHash hash) => _right.ContainsKey(hash) || _rates.TryTake(address) ? null : 1;

    /// <summary>Notes a value that is one.</summary>
    public void NoteRight(TokenHash hash)
    {
        if (_right.ContainsKey(hash))
        {
            return;
        }

        if (_right.Count >= RightMax)
        {
            _right.Clear();
        }

        _right[hash] = default;
    }

    /// <summary>Notes a value that is none, or none any more.</summary>
    public void NoteWrong(TokenHash hash) => _right.TryRemove(hash, out _);

    /// <inheritdoc/>
    public void Dispose() => _rates.Dispose();
}
