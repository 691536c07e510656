using Skerry.Bench.Measuring;

namespace Skerry.Bench.Figures;

/// <summary>One figure of a suite: ours and a peer's, measured in the same run.</summary>
internal interface IFigure
{
    /// <summary>Fixed name, as results and --only use it.</summary>
    string Name { get; }

    /// <summary>Unit of value and peer value.</summary>
    string Unit { get; }

    /// <summary>Whom we are measured against; null for no peer.</summary>
    string? Peer { get; }

    /// <summary>Whether a greater value is the better one.</summary>
    bool HigherIsBetter { get; }

    /// <summary>What the figure has to reach.</summary>
    Target Target { get; }

    /// <summary>Measures both halves in turn, in bounded time, and ends what it started.</summary>
    Task<Measurement> Run(BenchRun run, CancellationToken cancel);
}
