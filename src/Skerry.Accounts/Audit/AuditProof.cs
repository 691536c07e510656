namespace Skerry.Accounts.Audit;

/// <summary>What came of going through an audit log's whole chain.</summary>
/// <param name="Entries">How many entries were gone through, a broken one not counted.</param>
/// <param name="Head">The hash of the last of them, 64 hexadecimal digits. Kept elsewhere, it proves later that nothing up to here was changed or cut off.</param>
/// <param name="Problem">Which entry is not what it was when it was written; null if all are.</param>
public sealed record AuditProof(long Entries, string Head, string? Problem)
{
    /// <summary>Whether every entry is as it was written.</summary>
    public bool Holds => Problem is null;
}
