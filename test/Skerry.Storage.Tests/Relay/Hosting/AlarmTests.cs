using Skerry.Storage.Relay;
using Skerry.Storage.Relay.Alarms;
using Skerry.Storage.Tests.Node;

namespace Skerry.Storage.Tests.Relay.Hosting;

/// <summary>A session's table of alarms has those that it has to look after, for as long as it has to.</summary>
public sealed class AlarmTests
{
    private const long FarFutureMs = 4_000_000_000_000;

    private static readonly ControlOptions Quick = new()
    {
        AlarmsInterval = TimeSpan.FromMilliseconds(20),
        DirectoryInterval = TimeSpan.FromHours(1),
    };

    private readonly ModelledDatabase _database = ModelledDatabase.Named("a", 1);

    [Fact]
    public async Task An_adopted_alarm_leaves_the_table_when_its_object_takes_it_back()
    {
        await using var fleet = new HostedFleet();
        var (first, second, third) = (New(fleet, "n1"), New(fleet, "n2"), New(fleet, "n3"));
        await first.StartAsync();
        await second.StartAsync();
        await third.StartAsync();
        await first.WriteAsync(_database, FarFutureMs);
        await first.KillAsync();

        // The takeover adopts the alarm, before the object comes over.
        var heir = await HeirAsync(fleet, second, third);
        await heir.WriteAsync(_database, alarmMs: 0);
        await TableAsync(fleet, heir, due: 0);
    }

    [Fact]
    public async Task A_stale_alarm_that_was_adopted_of_an_object_that_is_here_leaves_the_table_when_it_is_woken()
    {
        await using var fleet = new HostedFleet();
        var (first, second) = (New(fleet, "n1"), New(fleet, "n2"));
        await first.StartAsync();
        await second.StartAsync();
        await first.WriteAsync(_database, FarFutureMs);
        await second.WriteAsync(_database, alarmMs: 0);

        // What the first session looks after is out of date; it is adopted all the same.
        await TableAsync(fleet, first, FarFutureMs);
        await first.KillAsync();
        await RelayCluster.Until(() => !fleet.Bucket.Keys.Contains(SessionAlarms.KeyOf(first.Session)));
        await TableAsync(fleet, second, FarFutureMs);
        second.Relay.BeginWake(_database.Key, FarFutureMs)(0);
        await TableAsync(fleet, second, due: 0);
    }

    [Fact]
    public async Task An_alarm_that_another_session_looks_after_leaves_the_table_once_that_has_said_so()
    {
        await using var fleet = new HostedFleet();
        var (first, second) = (New(fleet, "n1"), New(fleet, "n2"));
        await first.StartAsync();
        await second.StartAsync();
        await first.WriteAsync(_database, FarFutureMs);
        await TableAsync(fleet, first, FarFutureMs);
        await second.WriteAsync(_database, FarFutureMs);
        await TableAsync(fleet, first, FarFutureMs);

        var end = first.Relay.BeginWake(_database.Key, FarFutureMs);
        await second.Relay.KeepAlarmsAsync(default);
        Assert.Equal(FarFutureMs, Table(fleet, second).GetValueOrDefault(_database.Key));
        end(null);
        await TableAsync(fleet, first, due: 0);
    }

    [Fact]
    public async Task An_alarm_that_is_adopted_while_its_object_was_being_woken_elsewhere_stays()
    {
        await using var fleet = new HostedFleet();
        var (first, second) = (New(fleet, "n1"), New(fleet, "n2"));
        await first.StartAsync();
        await second.StartAsync();
        await first.WriteAsync(_database, FarFutureMs);
        await TableAsync(fleet, first, FarFutureMs);
        await second.WriteAsync(_database, FarFutureMs);
        var end = first.Relay.BeginWake(_database.Key, FarFutureMs);
        await second.Relay.KeepAlarmsAsync(default);
        await second.KillAsync();

        // Its takeover has gone over to the first session when the record says so.
        await RelayCluster.Until(() => !fleet.Bucket.Keys.Contains(SessionAlarms.KeyOf(second.Session)));
        end(null);
        await first.Relay.KeepAlarmsAsync(default);
        Assert.Equal(FarFutureMs, Table(fleet, first).GetValueOrDefault(_database.Key));
    }

    [Fact]
    public async Task The_alarms_of_a_session_that_ended_in_good_order_are_adopted_at_once()
    {
        await using var fleet = new HostedFleet();
        var nodes = new[] { New(fleet, "n1"), New(fleet, "n2"), New(fleet, "n3") };
        foreach (var node in nodes)
        {
            await node.StartAsync();
        }

        await RelayCluster.Until(() => nodes.All(static node => node.Relay.Read().Followers.Count(static one => one is { IsMember: true, IsUp: true }) == 3));
        await nodes[0].WriteAsync(_database, FarFutureMs);
        await nodes[0].StopAsync();
        await RelayCluster.Until(() => nodes.Skip(1).Any(node => node.Host.Alarms.Contains((_database.Key, FarFutureMs))));
    }

    private static HostedNode New(HostedFleet fleet, string name)
    {
        var node = fleet.Node(name);
        node.Control = Quick;
        return node;
    }

    private async Task<HostedNode> HeirAsync(HostedFleet fleet, params HostedNode[] nodes)
    {
        HostedNode? heir = null;
        await RelayCluster.Until(() => (heir = nodes.FirstOrDefault(node => Table(fleet, node).ContainsKey(_database.Key))) is not null);
        return heir!;
    }

    private Task TableAsync(HostedFleet fleet, HostedNode node, long due) =>
        RelayCluster.Until(() => Table(fleet, node).GetValueOrDefault(_database.Key) == due);

    private static IReadOnlyDictionary<ObjectKey, long> Table(HostedFleet fleet, HostedNode node)
    {
        var key = SessionAlarms.KeyOf(node.Session);
        return fleet.Bucket.Keys.Contains(key) ? AlarmTable.Read(key, fleet.Bucket[key]).Alarms : new Dictionary<ObjectKey, long>();
    }
}
