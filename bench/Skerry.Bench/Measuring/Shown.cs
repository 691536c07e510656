using System.Globalization;

namespace Skerry.Bench.Measuring;

/// <summary>Numbers in notes.</summary>
internal static class Shown
{
    /// <summary>The number in a format, or a dash for what was not measured.</summary>
    public static string Of(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
