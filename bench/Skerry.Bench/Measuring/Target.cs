namespace Skerry.Bench.Measuring;

/// <summary>What a figure has to reach.</summary>
/// <param name="Text">For people.</param>
/// <param name="ValueMin">Least value; null for none.</param>
/// <param name="ValueMax">Greatest value; null for none.</param>
/// <param name="RatioMin">Least ratio to the peer, where above 1 is better than the peer; null for none.</param>
internal sealed record Target(string Text, double? ValueMin = null, double? ValueMax = null, double? RatioMin = null)
{
    /// <summary>Whether the figure is good enough; null while our half was not measured.</summary>
    public bool? IsMet(double? value, double? ratio)
    {
        if (value is not { } measured || (RatioMin is not null && ratio is null))
        {
            return null;
        }

        return !(measured < ValueMin) && !(measured > ValueMax) && !(ratio < RatioMin);
    }
}
