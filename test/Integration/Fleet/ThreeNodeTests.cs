using System.Net;

namespace Integration.Fleet;

/// <summary>What an operator is promised, on three real processes that the tests share.</summary>
public sealed class ThreeNodeTests(ThreeNodes three) : IClassFixture<ThreeNodes>
{
    private const int EndedByFence = 75;

    [Fact]
    public async Task The_whole_fleet_is_killed_and_starts_again_with_everything()
    {
        var fleet = await three.ReadyAsync();
        using var bookings = new Bookings(() => [.. fleet.Nodes.Select(static node => node.Gateway)], "killed");
        for (var round = 0; round < 2; round++)
        {
            using var stop = new CancellationTokenSource();
            var clients = bookings.RunAsync(clients: 4, stop.Token);
            var before = bookings.Confirmed;
            await Waiting.UntilAsync(() => Task.FromResult(clients.IsFaulted || bookings.Confirmed > before + 50), "50 bookings");
            await Task.WhenAll(fleet.Nodes.Select(static node => node.KillAsync()));
            await stop.CancelAsync();
            await clients;
            await Task.WhenAll(fleet.Nodes.Select(static node => node.StartAsync()));
            await bookings.CheckAsync();
        }
    }

    [Fact]
    public async Task A_frozen_owner_is_fenced_and_answers_nobody_when_it_goes_on()
    {
        var fleet = await three.ReadyAsync();
        using var bookings = new Bookings(() => [fleet.Nodes[0].Gateway]);
        Assert.True(await bookings.BookAsync(fleet.Nodes[0].Gateway, "FROZEN", "1A", "Ada"));
        var owner = await OwnerOfAsync(fleet, "FROZEN");
        var other = fleet.Nodes.First(node => node != owner);

        // What the frozen node is asked now it reads when it goes on.
        owner.Freeze();
        using var http = new HttpClient { Timeout = Waiting.Bound };
        var late = http.GetAsync(new Uri(owner.Gateway, "flights/FROZEN/seats"));
        await Waiting.UntilAsync(() => bookings.BookAsync(other.Gateway, "FROZEN", "1B", "Grace"), "a booking elsewhere");
        owner.Thaw();

        // It may pass the question on, or fail; but it must not answer from what it had.
        try
        {
            using var answer = await late;
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.StatusCode != HttpStatusCode.OK || !text.Contains("\"1B\"", StringComparison.Ordinal), text);
        }
        catch (HttpRequestException)
        {
        }

        Assert.Equal(EndedByFence, await owner.EndAsync());
        await owner.StartAsync();
        using var last = new Bookings(() => [owner.Gateway]);
        Assert.True(await last.BookAsync(owner.Gateway, "FROZEN", "1C", "Edsger"));
        await fleet.SettleAsync();
    }

    [Fact]
    public async Task A_rolling_restart_fails_no_call()
    {
        var fleet = await three.ReadyAsync();
        IReadOnlyList<Uri> asked = [];
        using var bookings = new Bookings(() => asked, "rolling");
        foreach (var node in fleet.Nodes)
        {
            asked = [.. fleet.Nodes.Except([node]).Select(static other => other.Gateway)];
            using var stop = new CancellationTokenSource();
            var clients = bookings.RunAsync(clients: 4, stop.Token);
            var before = bookings.Confirmed;
            await Waiting.UntilAsync(() => Task.FromResult(bookings.Confirmed > before + 30), "30 bookings before");
            Assert.Equal(0, await node.StopAsync());
            var stopped = bookings.Confirmed;
            await Waiting.UntilAsync(() => Task.FromResult(bookings.Confirmed > stopped + 30), "30 bookings after");
            await stop.CancelAsync();
            await clients;
            await node.StartAsync();
            await fleet.SettleAsync();
        }

        Assert.Empty(bookings.Errors);
        await bookings.CheckAsync();
    }

    [Fact]
    public async Task An_operator_goes_back_in_time_across_a_takeover()
    {
        var fleet = await three.ReadyAsync();
        using var bookings = new Bookings(() => [fleet.Nodes[0].Gateway]);
        Assert.True(await bookings.BookAsync(fleet.Nodes[0].Gateway, "BACK", "1A", "Ada"));
        var (code, history) = await fleet.Nodes[0].CommandAsync("objects", "history", "flight", "BACK", "--json");
        Assert.True(code == 0, history);
        var bookmark = System.Text.RegularExpressions.Regex.Match(history, "[0-9a-f]{16}-[0-9a-f]{8}").Value;

        var owner = await OwnerOfAsync(fleet, "BACK");
        await owner.KillAsync();
        var other = fleet.Nodes.First(node => node != owner);
        await Waiting.UntilAsync(() => bookings.BookAsync(other.Gateway, "BACK", "1B", "Grace"), "a booking elsewhere");

        var verified = await other.CommandAsync("objects", "verify", "flight", "BACK");
        Assert.True(verified.Code == 0, verified.Output);
        var file = Path.Combine(fleet.Folder, "then.sqlite");
        var exported = await other.CommandAsync("objects", "export", "flight", "BACK", "--at", bookmark, "--out", file);
        Assert.True(exported.Code == 0, exported.Output);
        Assert.Equal("SQLite format 3", System.Text.Encoding.ASCII.GetString(File.ReadAllBytes(file), 0, 15));
        var restored = await other.CommandAsync("objects", "restore", "flight", "BACK", "--to", bookmark);
        Assert.True(restored.Code == 0, restored.Output);

        using var http = new HttpClient { BaseAddress = other.Gateway, Timeout = Waiting.Bound };
        var free = await http.GetStringAsync("flights/BACK/seats");
        Assert.DoesNotContain("\"1A\"", free, StringComparison.Ordinal);
        Assert.Contains("\"1B\"", free, StringComparison.Ordinal);
    }

    private static async Task<SkerryNode> OwnerOfAsync(SkerryFleet fleet, string flight)
    {
        // Whoever has its object in memory has its database open.
        using var http = new HttpClient { Timeout = Waiting.Bound };
        _ = await http.GetStringAsync(new Uri(fleet.Nodes[0].Gateway, $"flights/{flight}/seats"));
        SkerryNode? owner = null;
        await Waiting.UntilAsync(() => Task.FromResult((owner = fleet.OwnerOf(flight)) is not null), $"an owner of {flight}");
        return owner!;
    }
}
