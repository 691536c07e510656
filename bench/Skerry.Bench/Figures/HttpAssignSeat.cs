using System.Globalization;
using Skerry.Bench.Measuring;

namespace Skerry.Bench.Figures;

/// <summary>Passengers who change seats: every request is a confirmed write of two rows.</summary>
internal sealed class HttpAssignSeat : HttpLoad
{
    private const int Passengers = 2_000;

    /// <inheritdoc/>
    public override string Name => "http_assign_seat";

    /// <inheritdoc/>
    public override Target Target => new("at least 8 times the peer", RatioMin: 8);

    /// <inheritdoc/>
    protected override int Seats => 2 * Passengers;

    /// <inheritdoc/>
    protected override string Script => "assign.lua";

    /// <inheritdoc/>
    protected override string[] Arguments(string flight) => [flight, Passengers.ToString(CultureInfo.InvariantCulture)];
}
