namespace Skerry.Accounts.Audit;

/// <summary>
/// What came of going through an audit log from its beginning up to here. Kept elsewhere, it proves later that nothing up
/// to here was changed or cut off: whoever goes on from it is told if the log has another entry in this place.
/// </summary>
/// <param name="Entries">How many entries there are up to here, a broken one not counted.</param>
/// <param name="Head">The hash of the last of them, 64 hexadecimal digits.</param>
/// <param name="IsComplete">Whether this is all of the log.</param>
/// <param name="Problem">Which entry is not what it was when it was written; null if all are.</param>
public sealed record AuditProof(long Entries, string Head, bool IsComplete, string? Problem)
{
    /// <summary>Before the first entry, of a log that has none.</summary>
    public static AuditProof Nothing { get; } = new(0, new string('0', 64), true, null);

    /// <summary>Whether every entry is as it was written.</summary>
    public bool Holds => Problem is null;
}
