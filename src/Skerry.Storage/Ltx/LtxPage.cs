namespace Skerry.Storage.Ltx;

/// <summary>A page to encode.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Content">The whole page.</param>
public readonly record struct LtxPage(uint Number, ReadOnlyMemory<byte> Content);
