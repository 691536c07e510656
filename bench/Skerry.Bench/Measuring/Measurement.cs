namespace Skerry.Bench.Measuring;

/// <summary>What one figure's run found.</summary>
/// <param name="Ours">Our half's median; null if it was left out.</param>
/// <param name="Peer">The peer's median; null if there is none.</param>
/// <param name="Note">What else was seen, for people; empty for nothing.</param>
/// <param name="AlsoMet">False if a part of the target beside value and ratio was missed, such as allocated bytes.</param>
internal readonly record struct Measurement(double? Ours, double? Peer, string Note = "", bool AlsoMet = true);
