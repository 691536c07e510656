namespace Skerry.Accounts.Policies;

/// <summary>Why a policy or condition is refused. For whoever wrote it.</summary>
/// <param name="Field">The path of the field, such as <c>policies[0].effect</c>.</param>
/// <param name="Problem">What is wrong with it, a clause without a full stop.</param>
/// <param name="Accepted">What would be accepted, likewise.</param>
public sealed record PolicyError(string Field, string Problem, string Accepted)
{
    /// <summary>The most that are told at once: enough to see what is wrong, and a bound to what a hostile request can make us answer.</summary>
    internal const int CountMax = 20;

    private const int QuotedCharsMax = 120;

    /// <summary>One sentence of all three.</summary>
    public override string ToString() => $"{Field}: {Problem}; accepted: {Accepted}.";

    /// <summary>A client's text for a message: in quotation marks, shortened to 120 characters.</summary>
    internal static string Quote(string? text) => text switch
    {
        null => "null",
        { Length: > QuotedCharsMax } => $"'{text.AsSpan(0, QuotedCharsMax)}…'",
        _ => $"'{text}'",
    };
}
