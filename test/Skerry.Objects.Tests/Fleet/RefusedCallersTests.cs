using Microsoft.Extensions.Logging;
using Skerry.Objects.Fleet;
using Skerry.Storage.Relay.Security;

namespace Skerry.Objects.Tests.Fleet;

public sealed class RefusedCallersTests
{
    [Fact]
    public void However_many_call_few_are_told_of_with_their_number()
    {
        var (log, time) = (new Lines(), new Clock());
        var refused = new RefusedCallers(log, time, "check the key");
        for (var i = 0; i < 1_000; i++)
        {
            refused.Add($"peer{i}", "no certificate");
        }

        Assert.Contains("peer0", Assert.Single(log.All), StringComparison.Ordinal);
        time.Now += RefusedCallers.Quiet;
        refused.Add("late", "no certificate");
        Assert.Equal(2, log.All.Count);
        Assert.Contains("late", log.All[1], StringComparison.Ordinal);
        Assert.Contains("999 others", log.All[1], StringComparison.Ordinal);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    private sealed class Lines : ILogger
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add(formatter(state, exception));
    }
}
