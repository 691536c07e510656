namespace Skerry.Storage.Relay;

/// <summary>Counts bytes that wait, and makes those who bring more wait in turn. Thread-safe.</summary>
internal sealed class PendingBytes(long bytesMax)
{
    private readonly Lock _gate = new();
    private long _bytes;
    private TaskCompletionSource? _room;

    public void Add(int bytes)
    {
        lock (_gate)
        {
            _bytes += bytes;
        }
    }

    public void Remove(int bytes)
    {
        TaskCompletionSource? room = null;
        lock (_gate)
        {
            _bytes -= bytes;
            if (_bytes <= bytesMax / 2)
            {
                (room, _room) = (_room, null);
            }
        }

        room?.SetResult();
    }

    /// <summary>Completes when fewer bytes wait than the most allowed; once that was passed, when it is half of that.</summary>
    public ValueTask WaitForRoom()
    {
        if (Volatile.Read(ref _bytes) <= bytesMax)
        {
            return ValueTask.CompletedTask;
        }

        lock (_gate)
        {
            if (_bytes <= bytesMax)
            {
                return ValueTask.CompletedTask;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_room.Task);
        }
    }
}
