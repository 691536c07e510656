namespace Skerry.Simulation.Checks;

/// <summary>One thing that a client did to an object.</summary>
internal sealed class Operation(bool isWrite, long value, long invoked)
{
    /// <summary>When an operation ended whose end the client never saw.</summary>
    public const long Never = long.MaxValue;

    public bool IsWrite => isWrite;

    /// <summary>What was written, each value once; or what was read, 0 before the first write.</summary>
    public long Value { get; set; } = value;

    public long Invoked => invoked;

    /// <summary>When the client had its answer.</summary>
    public long Answered { get; set; } = Never;

    /// <summary>True if it certainly had no effect.</summary>
    public bool IsVoid { get; set; }

    public override string ToString() => $"[{invoked / 10_000} – {(Answered == Never ? "?" : Answered / 10_000)}] {(isWrite ? "write" : "read")} {Value}";
}
