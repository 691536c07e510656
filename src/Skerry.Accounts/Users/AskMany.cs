namespace Skerry.Accounts.Users;

/// <summary>Asks many other objects, a few at once, so that one request does not become hundreds at the same time.</summary>
internal static class AskMany
{
    /// <summary>The most that are asked at once.</summary>
    public const int AtOnceMax = 16;

    /// <summary>
    /// Asks each, and answers in their order. Only from inside an object, where one thing runs at a time between awaits, so that
    /// the number of the next needs no lock.
    /// </summary>
    public static async Task<TAnswer[]> InTurnAsync<T, TAnswer>(IReadOnlyList<T> asked, Func<T, Task<TAnswer>> ask)
    {
        var (answers, next) = (new TAnswer[asked.Count], 0);
        await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnceMax, asked.Count)).Select(async _ =>
        {
            while (next < asked.Count)
            {
                var i = next++;
                answers[i] = await ask(asked[i]);
            }
        }));
        return answers;
    }
}
