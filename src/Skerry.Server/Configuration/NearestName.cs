namespace Skerry.Server.Configuration;

/// <summary>Finds the name that somebody meant when they wrote another.</summary>
internal static class NearestName
{
    /// <summary>
    /// The hint <c>; did you mean "…"?</c> for the candidate with the smallest edit distance, or an empty string if
    /// more than a third of the letters differ: a far-fetched guess is worse than none.
    /// </summary>
    public static string Hint(string written, IEnumerable<string> candidates)
    {
        var best = candidates
            .Select(name => (Name: name, Distance: Distance(written, name)))
            .OrderBy(pair => pair.Distance)
            .FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(1, best.Name.Length / 3)
            ? $"; did you mean \"{best.Name}\"?"
            : "";
    }

    /// <summary>The Levenshtein distance, case ignored.</summary>
    internal static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var same = char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]);
                var substitute = diagonal + (same ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitute, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[right.Length];
    }
}
