namespace Skerry.Bench.Measuring;

/// <summary>Takes the two halves of a figure in turn: A B A B, so that a machine that slows down slows both.</summary>
internal static class Rounds
{
    /// <summary>Runs both halves once to warm up, then <paramref name="count"/> times each, alternating.</summary>
    /// <param name="count">Measured rounds of each half.</param>
    /// <param name="ours">One round of our half; null leaves it out.</param>
    /// <param name="peer">One round of the peer's half; null leaves it out.</param>
    /// <param name="cancel">Stops between two rounds.</param>
    /// <returns>The medians; null where the half was left out.</returns>
    public static async Task<(double? Ours, double? Peer)> Alternate(
        int count, Func<Task<double>>? ours, Func<Task<double>>? peer, CancellationToken cancel)
    {
        var oursValues = new List<double>(count);
        var peerValues = new List<double>(count);
        for (var round = -1; round < count; round++)
        {
            await Take(ours, oursValues, round);
            cancel.ThrowIfCancellationRequested();
            await Take(peer, peerValues, round);
            cancel.ThrowIfCancellationRequested();
        }

        return (Median(oursValues), Median(peerValues));
    }

    /// <summary>The middle value, or the mean of the two middle ones; null for no values.</summary>
    public static double? Median(IReadOnlyCollection<double> values)
    {
        if (values.Count == 0)
        {
            return null;
        }

        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static async Task Take(Func<Task<double>>? half, List<double> values, int round)
    {
        if (half is null)
        {
            return;
        }

        var value = await half();
        if (round >= 0)
        {
            values.Add(value);
        }
    }
}
