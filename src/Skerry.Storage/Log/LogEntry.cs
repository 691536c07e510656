namespace Skerry.Storage.Log;

/// <summary>One record of the log, verified.</summary>
/// <param name="Header">What the log keeps beside the payload.</param>
/// <param name="Position">Where the record stands.</param>
/// <param name="Payload">The LTX file. During replay it is valid only until the callback returns; from <see cref="NodeLog.Read"/> it is the caller's own.</param>
public readonly record struct LogEntry(LogRecordHeader Header, LogPosition Position, ReadOnlyMemory<byte> Payload);
