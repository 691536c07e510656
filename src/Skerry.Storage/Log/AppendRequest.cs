namespace Skerry.Storage.Log;

/// <summary>
/// One record on its way into the log. The log calls exactly one of <see cref="OnConfirmed"/> and
/// <see cref="OnFailed"/>, on its writer's thread, in the order of appending; neither may block or throw. Only a record
/// that the log does not take at all (it is closed or overloaded, or the record is too large) fails on the thread that
/// appends it, before <see cref="NodeLog.Append"/> returns.
/// </summary>
public abstract class AppendRequest
{
    /// <summary>The object's chain of records.</summary>
    public required LogStream Stream { get; init; }

    /// <summary>See <see cref="LogRecordHeader.Epoch"/>.</summary>
    public ulong Epoch { get; init; }

    /// <summary>See <see cref="LogRecordHeader.Txid"/>.</summary>
    public ulong Txid { get; init; }

    /// <summary>See <see cref="LogRecordHeader.TimestampMs"/>.</summary>
    public long TimestampMs { get; init; }

    /// <summary>See <see cref="LogRecordHeader.AlarmMs"/>.</summary>
    public long AlarmMs { get; init; }

    /// <summary>The LTX file; it must not change until one of the callbacks has run.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Bytes that go into the record before <see cref="Payload"/>, as if they were its start.</summary>
    internal ReadOnlyMemory<byte> Preamble { get; init; }

    /// <summary>What the record holds.</summary>
    internal long ContentBytes => (long)Preamble.Length + Payload.Length;

    /// <summary>The record is on stable storage on a quorum of the log's copies.</summary>
    protected internal abstract void OnConfirmed(LogPosition position);

    /// <summary>The record may or may not be found after a crash; no later record of the same stream and epoch will be confirmed.</summary>
    protected internal abstract void OnFailed(StorageException error);
}
