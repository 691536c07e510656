using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Storage.Log;

namespace Skerry.Storage.Tests.Log;

/// <summary>A log in a folder of its own, with what was replayed when it was opened.</summary>
internal sealed class LogFixture : IAsyncDisposable
{
    public const int Epoch = 1;

    private readonly bool _owned;

    public LogFixture(string? folder = null)
    {
        _owned = folder is null;
        Folder = folder ?? Directory.CreateTempSubdirectory("skerry-log-").FullName;
    }

    public string Folder { get; }

    public long SegmentBytes { get; init; } = 64 << 10;

    public int BatchBytesMax { get; init; } = 8 << 20;

    public long QueueBytesMax { get; init; } = 256 << 20;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public LogFiles Files { get; init; } = new();

    public NodeLog Log { get; private set; } = null!;

    public List<Record> Replayed { get; } = [];

    public NodeLog Open(LogPosition checkpoint = default)
    {
        Replayed.Clear();
        Log = NodeLog.Open(
            new NodeLogOptions
            {
                Folder = Folder,
                SegmentBytes = SegmentBytes,
                BatchBytesMax = BatchBytesMax,
                QueueBytesMax = QueueBytesMax,
                Salt = () => 0x1234_5678_9ABC_DEF0,
                Files = Files,
            },
            checkpoint,
            Time,
            NullLogger.Instance,
            entry => Replayed.Add(new Record(entry.Header, entry.Position, entry.Payload.ToArray())));
        return Log;
    }

    public async Task<NodeLog> Reopen(LogPosition checkpoint = default)
    {
        await Log.DisposeAsync();
        return Open(checkpoint);
    }

    public static LogStream Stream(int number, string name = "flights") => new(new ObjectKey(name, Id(number)), default);

    public static Id256 Id(int number)
    {
        Span<byte> bytes = stackalloc byte[Id256.Size];
        BitConverter.TryWriteBytes(bytes[4..], number);
        return new Id256(bytes);
    }

    public static Append Request(LogStream stream, ulong txid, byte[]? payload = null, ulong epoch = Epoch, Action? decided = null) => new()
    {
        Stream = stream,
        Epoch = epoch,
        Txid = txid,
        TimestampMs = 1_000 + (long)txid,
        AlarmMs = (long)txid * 7,
        Payload = payload ?? Payload(stream, txid),
        Decided = decided,
    };

    public static byte[] Payload(LogStream stream, ulong txid) => Encoding.ASCII.GetBytes($"{stream.Key} says {txid}");

    public Append Append(LogStream stream, ulong txid, byte[]? payload = null, ulong epoch = Epoch)
    {
        var request = Request(stream, txid, payload, epoch);
        Log.Append(request);
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        if (Log is not null)
        {
            await Log.DisposeAsync();
        }

        if (_owned)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}

/// <summary>One replayed record with a payload that outlives the replay.</summary>
internal sealed record Record(LogRecordHeader Header, LogPosition Position, byte[] Payload)
{
    public string Text => $"{Header.Key.Id.ToString()[8..16]}#{Header.Epoch}.{Header.Txid}={Convert.ToHexString(Payload)}";
}

/// <summary>A request that can be awaited.</summary>
internal sealed class Append : AppendRequest
{
    private readonly TaskCompletionSource<LogPosition> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<LogPosition> Outcome => _outcome.Task;

    public Action? Decided { get; init; }

    protected internal override void OnConfirmed(LogPosition position)
    {
        Decided?.Invoke();
        Assert.True(_outcome.TrySetResult(position));
    }

    protected internal override void OnFailed(StorageException error)
    {
        Decided?.Invoke();
        Assert.True(_outcome.TrySetException(error));
    }
}
