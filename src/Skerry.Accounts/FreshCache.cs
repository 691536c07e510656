using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Skerry.Accounts;

/// <summary>
/// What a node remembers of others' answers. What it says is never older than a second by this node's monotonic clock. (The
/// clock stands still while a virtual machine does.) What is hot costs no allocation, and nobody waits for it to be asked
/// anew. Thread-safe.
/// </summary>
/// <param name="ask">Asks; null: there is no such thing.</param>
/// <param name="what">What is asked for, for messages, such as <c>the token</c>.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it tells of questions that nobody waits for.</param>
internal sealed partial class FreshCache<TKey, TValue>(Func<TKey, Task<TValue?>> ask, string what, TimeProvider time, ILogger logger)
    where TKey : struct, IEquatable<TKey>
    where TValue : class
{
    /// <summary>With more values than this, the cache is emptied; it is looked at once a second.</summary>
    public const int CachedMax = 100_000;

    private const int AttemptsMax = 3;

    // Counted from before the question, so that the answer is at least as new.
    private static readonly TimeSpan AgeMax = TimeSpan.FromMilliseconds(900);

    // In use it is asked for anew before that, so that nobody waits for the answer.
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromMilliseconds(450);

    private readonly ConcurrentDictionary<TKey, Entry> _cached = new();
    private readonly ConcurrentDictionary<TKey, Lazy<Task<TValue?>>> _asking = new();
    private long _swept = time.GetTimestamp();

    /// <summary>Finds a value; null if there is none.</summary>
    /// <exception cref="Objects.DurableObjectException">It cannot be found out now.</exception>
    /// <exception cref="TimeoutException">Answers came too late to be trusted.</exception>
    public ValueTask<TValue?> FindAsync(in TKey key)
    {
        if (!_cached.TryGetValue(key, out var entry) || time.GetElapsedTime(entry.AskedAt) is var age && age >= AgeMax)
        {
            return new(AskOnceAsync(key));
        }

        if (age >= RefreshAfter && entry.TryRefresh())
        {
            _ = RefreshAsync(key);
        }

        return new(entry.Value);
    }

    // One question for all who come meanwhile. Whoever joins may have come after it was asked, and is answered with what
    // was so then: less than AgeMax before, as AskAsync sees to.
    private Task<TValue?> AskOnceAsync(TKey key) =>
        _asking.GetOrAdd(key, static (key, self) => new(() => self.AskAsync(key)), this).Value;

    private async Task<TValue?> AskAsync(TKey key)
    {
        // Not on the caller's thread, which is making the entry that is removed below.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            for (var attempt = 1; attempt <= AttemptsMax; attempt++)
            {
                var askedAt = time.GetTimestamp();
                var value = await ask(key).ConfigureAwait(false);
                if (time.GetElapsedTime(askedAt) < AgeMax)
                {
                    Keep(key, value, askedAt);
                    return value;
                }
            }

            throw new TimeoutException($"To find out about {what} took longer than {AgeMax.TotalMilliseconds:0} ms, {AttemptsMax} times.");
        }
        finally
        {
            _asking.TryRemove(key, out _);
        }
    }

    // What is none is not kept: whoever guesses must not fill the cache.
    private void Keep(TKey key, TValue? value, long askedAt)
    {
        if (value is null)
        {
            _cached.TryRemove(key, out _);
            return;
        }

        Sweep();
        _cached[key] = new(value, askedAt);
    }

    // What is too old is of no use. If still too many are left, all go: they come back with one question each.
    private void Sweep()
    {
        var swept = Volatile.Read(ref _swept);
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(swept, now) < AgeMax || Interlocked.CompareExchange(ref _swept, now, swept) != swept)
        {
            return;
        }

        var left = 0;
        foreach (var (key, entry) in _cached)
        {
            if (time.GetElapsedTime(entry.AskedAt, now) >= AgeMax)
            {
                _cached.TryRemove(new KeyValuePair<TKey, Entry>(key, entry));
            }
            else
            {
                left++;
            }
        }

        if (left >= CachedMax)
        {
            _cached.Clear();
        }
    }

    private async Task RefreshAsync(TKey key)
    {
        try
        {
            await AskOnceAsync(key).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The entry ends with its age; whoever comes then asks again, and is told.
            LogNotRefreshed(logger, what, e);
        }
    }

    [LoggerMessage(1700, LogLevel.Debug, "What is known of {What} could not be asked for anew.")]
    private static partial void LogNotRefreshed(ILogger logger, string what, Exception error);

    private sealed class Entry(TValue value, long askedAt)
    {
        private int _refreshing;

        public TValue Value => value;

        public long AskedAt => askedAt;

        /// <summary>True for the first who asks.</summary>
        public bool TryRefresh() => Volatile.Read(ref _refreshing) == 0 && Interlocked.Exchange(ref _refreshing, 1) == 0;
    }
}
