using System.Collections.Concurrent;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Relay.Hosting;

/// <summary>A runtime without objects, which writes down what it is told.</summary>
internal sealed class RecordingHost : IObjectHost
{
    public string? Membership => null;

    public ConcurrentQueue<(ObjectKey Key, long DueMs)> Alarms { get; } = [];

    /// <summary>Why the session is over; completes when it is.</summary>
    public TaskCompletionSource<string> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task ReleaseAsync(ObjectKey key, CancellationToken cancel) => Task.CompletedTask;

    public void AdoptAlarm(ObjectKey key, long dueMs) => Alarms.Enqueue((key, dueMs));

    public Task DeclareDeadAsync(string membership, CancellationToken cancel) => Task.CompletedTask;

    public void Fenced(string reason) => Ended.TrySetResult(reason);
}
