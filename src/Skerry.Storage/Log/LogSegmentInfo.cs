namespace Skerry.Storage.Log;

/// <summary>One file of the log.</summary>
/// <param name="Number">Its number, from 1; numbers grow, and may have gaps.</param>
/// <param name="Bytes">Bytes used in the file; space prepared for later records is not counted.</param>
/// <param name="FirstTimestampMs">The time of its first record, Unix milliseconds; 0 if it has none.</param>
/// <param name="LastTimestampMs">The highest time of any record from the start of the log to the segment's end, Unix milliseconds; 0 if there is none.</param>
/// <param name="Path">The file.</param>
public readonly record struct LogSegmentInfo(
    uint Number, long Bytes, long FirstTimestampMs, long LastTimestampMs, string Path);
