namespace Skerry.Objects.Loop;

/// <summary>
/// Finds calls that could never proceed: a call that waits at an object's input gate for a critical section which, by
/// itself or through other sections, waits for the call's own caller. Reported at once instead of being suffered until
/// the section's timeout.
/// </summary>
/// <remarks>
/// Sections are the nodes of a wait-for graph. A call blocked by section H adds an edge to H from every section in its
/// chain of callers. Only calls that meet a closed gate come here, so one lock for the process is enough.
/// </remarks>
internal static class DeadlockDetector
{
    private static readonly Lock Gate = new();

    /// <summary>Records that the call <paramref name="chain"/> waits for <paramref name="holder"/>; false if that closes a cycle.</summary>
    public static bool TryWait(CallLink chain, CriticalSection holder)
    {
        lock (Gate)
        {
            for (var link = chain; link is not null; link = link.Parent)
            {
                if (link.Section is { } waiting && Reaches(holder, waiting, []))
                {
                    return false;
                }
            }

            for (var link = chain; link is not null; link = link.Parent)
            {
                link.Section?.WaitsFor.Add(holder);
            }

            return true;
        }
    }

    /// <summary>Takes back what <see cref="TryWait"/> recorded.</summary>
    public static void EndWait(CallLink chain, CriticalSection holder)
    {
        lock (Gate)
        {
            for (var link = chain; link is not null; link = link.Parent)
            {
                link.Section?.WaitsFor.Remove(holder);
            }
        }
    }

    // A section also waits for the sections nested inside it: holding the outer one back holds them all.
    private static bool Reaches(CriticalSection from, CriticalSection target, HashSet<CriticalSection> seen)
    {
        if (from.IsWithin(target) || target.IsWithin(from))
        {
            return true;
        }

        if (!seen.Add(from))
        {
            return false;
        }

        foreach (var next in from.WaitsFor)
        {
            if (Reaches(next, target, seen))
            {
                return true;
            }
        }

        return false;
    }
}
