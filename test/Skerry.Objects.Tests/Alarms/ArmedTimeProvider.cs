using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace Skerry.Objects.Tests.Alarms;

/// <summary>
/// A fake time whose timers say what they are set to, so that a test advances time only once the code under test
/// sleeps.
/// </summary>
internal sealed class ArmedTimeProvider(FakeTimeProvider inner) : TimeProvider
{
    private readonly Channel<double?> _armed = Channel.CreateUnbounded<double?>();

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    public override long GetTimestamp() => inner.GetTimestamp();

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(inner.CreateTimer(callback, state, dueTime, period), _armed.Writer);

    /// <summary>Waits until a timer has been set to that many milliseconds; null for never.</summary>
    public async Task ArmedAsync(double? milliseconds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await _armed.Reader.ReadAsync(patience.Token) != milliseconds)
        {
        }
    }

    private sealed class Timer(ITimer inner, ChannelWriter<double?> armed) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var changed = inner.Change(dueTime, period);
            armed.TryWrite(dueTime == Timeout.InfiniteTimeSpan ? null : dueTime.TotalMilliseconds);
            return changed;
        }

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
