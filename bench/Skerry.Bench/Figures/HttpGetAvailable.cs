using Skerry.Bench.Measuring;

namespace Skerry.Bench.Figures;

/// <summary>The list of a hundred free seats.</summary>
internal sealed class HttpGetAvailable : HttpLoad
{
    /// <inheritdoc/>
    public override string Name => "http_get_available";

    /// <inheritdoc/>
    public override Target Target => new("at least 5 times the peer", RatioMin: 5);

    /// <inheritdoc/>
    protected override int Seats => 100;

    /// <inheritdoc/>
    protected override string Script => "available.lua";

    /// <inheritdoc/>
    protected override string[] Arguments(string flight) => [flight];
}
