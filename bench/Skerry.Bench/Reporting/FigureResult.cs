using System.Text.Json.Serialization;
using Skerry.Bench.Figures;
using Skerry.Bench.Measuring;

namespace Skerry.Bench.Reporting;

/// <summary>One line of results; its JSON has the first seven fields only.</summary>
internal sealed record FigureResult
{
    /// <summary>Judges a measurement.</summary>
    public FigureResult(string suite, IFigure figure, Measurement measurement)
    {
        Suite = suite;
        Name = figure.Name;
        Unit = figure.Unit;
        Peer = figure.Peer;
        Value = Round(measurement.Ours);
        PeerValue = Round(measurement.Peer);
        Ratio = Round(figure.HigherIsBetter ? measurement.Ours / measurement.Peer : measurement.Peer / measurement.Ours);
        Target = figure.Target.Text;
        IsMet = figure.Target.IsMet(measurement.Ours, Ratio) is { } met ? met && measurement.AlsoMet : null;
        Note = measurement.Note;
    }

    /// <summary>The suite's name.</summary>
    public string Suite { get; }

    /// <summary>The figure's name.</summary>
    public string Name { get; }

    /// <summary>Our median; null if it was not measured.</summary>
    public double? Value { get; }

    /// <summary>Unit of both values.</summary>
    public string Unit { get; }

    /// <summary>Who the peer is; null for none.</summary>
    public string? Peer { get; }

    /// <summary>The peer's median.</summary>
    [JsonPropertyName("peer_value")]
    public double? PeerValue { get; }

    /// <summary>Above 1 we are better than the peer.</summary>
    public double? Ratio { get; }

    /// <summary>What has to be reached.</summary>
    [JsonIgnore]
    public string Target { get; }

    /// <summary>Whether it is reached; null if it was not measured.</summary>
    [JsonIgnore]
    public bool? IsMet { get; }

    /// <summary>What else was seen.</summary>
    [JsonIgnore]
    public string Note { get; }

    // Four digits are more than the machine repeats.
    private static double? Round(double? value) =>
        value is { } number && number != 0 ? Math.Round(number, Math.Max(0, 3 - (int)Math.Floor(Math.Log10(Math.Abs(number))))) : value;
}
