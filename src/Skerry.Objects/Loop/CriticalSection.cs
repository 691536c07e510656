namespace Skerry.Objects.Loop;

/// <summary>
/// A stretch of an object's code during which no other event enters the object (<c>BlockConcurrencyWhile</c>, async
/// <c>Transaction</c>, start-up). While it runs, only events that it started proceed: continuations captured in its
/// <see cref="TurnContext"/>. Sections nest; then only the innermost proceeds. All state belongs to the loop's lock.
/// </summary>
internal sealed class CriticalSection(ObjectLoop loop, CriticalSection? parent)
{
    private static long s_last;

    /// <summary>Tells the sections of this process apart.</summary>
    public long Number { get; } = Interlocked.Increment(ref s_last);

    public ObjectLoop Loop { get; } = loop;

    public CriticalSection? Parent { get; } = parent;

    /// <summary>True once its code has ended. A nested section that nobody awaited may go on beyond that.</summary>
    public bool Ended { get; set; }

    /// <summary>The section that counts for code which began in <paramref name="section"/>: the innermost one around it that has not ended.</summary>
    public static CriticalSection? Innermost(CriticalSection? section)
    {
        while (section is { Ended: true })
        {
            section = section.Parent;
        }

        return section;
    }

    /// <summary>The sections whose end this one waits for, through calls it made; guarded by <see cref="DeadlockDetector"/>.</summary>
    public List<CriticalSection> WaitsFor { get; } = [];

    /// <summary>True if this section is <paramref name="other"/> or nested inside it.</summary>
    public bool IsWithin(CriticalSection other)
    {
        for (CriticalSection? at = this; at is not null; at = at.Parent)
        {
            if (ReferenceEquals(at, other))
            {
                return true;
            }
        }

        return false;
    }
}
