using Acceptance.Repository;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Acceptance.SeatMap;

public sealed class SeatMapTests(SkerryNode node, Browser browser) : IClassFixture<SkerryNode>, IClassFixture<Browser>
{
    private static readonly string[] Crew =
    [
        "Grace Hopper", "Katherine Johnson", "Alan Turing", "Hedy Lamarr", "Edsger Dijkstra", "Barbara Liskov",
        "Tony Hoare", "Frances Allen", "Donald Knuth", "Radia Perlman", "Leslie Lamport", "Margaret Hamilton",
    ];

    private static readonly string[] CrewSeats = ["1A", "1F", "2C", "4D", "5A", "7B", "9E", "12F", "14A", "18C", "22D", "27B"];

    [Fact]
    public async Task Two_windows_see_each_others_bookings_at_once_and_undo_reaches_both()
    {
        var ada = await Open("LX14");
        var bob = await Open("LX14");
        await Expect(ada.Locator("#free")).ToHaveTextAsync("180");

        await Book(ada, "3C", "Ada Lovelace");
        await Expect(ada.Locator("#message")).ToHaveTextAsync("Ada Lovelace has seat 3C.");
        await Expect(Seat(bob, "3C")).ToHaveAttributeAsync("data-state", "taken");
        await Expect(Seat(bob, "3C")).ToHaveAccessibleNameAsync("Seat 3C, Ada Lovelace");
        await Expect(bob.Locator("#free")).ToHaveTextAsync("179");

        for (var i = 0; i < Crew.Length; i++)
        {
            await Book(i % 2 == 0 ? ada : bob, CrewSeats[i], Crew[i]);
            await Expect(Seat(i % 2 == 0 ? bob : ada, CrewSeats[i])).ToHaveAttributeAsync("data-state", "taken");
        }

        await Expect(bob.Locator("#passengers li")).ToHaveCountAsync(13);
        await Screenshots.TakeAsync(bob, "seat-map.png");

        await ada.GetByRole(AriaRole.Button, new() { Name = "Undo the last five minutes" }).ClickAsync();
        await ada.GetByRole(AriaRole.Button, new() { Name = "Undo", Exact = true }).ClickAsync();
        await Expect(ada.Locator("#message")).ToContainTextAsync("The flight is what it was at");
        foreach (var page in new[] { ada, bob })
        {
            await Expect(page.Locator("#free")).ToHaveTextAsync("180");
            await Expect(Seat(page, "3C")).ToHaveAttributeAsync("data-state", "free");
            await Expect(page.Locator("#connection")).ToHaveTextAsync("Live");
        }

        await Book(bob, "3C", "Charles Babbage");
        await Expect(Seat(ada, "3C")).ToHaveAccessibleNameAsync("Seat 3C, Charles Babbage");
    }

    [Fact]
    public async Task A_double_booking_is_refused_and_says_which_rule()
    {
        var page = await Open("RULES");
        await Book(page, "10A", "Ada");
        await Expect(page.Locator("#message")).ToHaveTextAsync("Ada has seat 10A.");

        await Book(page, "10B", "Ada");
        await Expect(page.Locator("#message")).ToHaveTextAsync("Ada has seat 10A already; one seat a passenger.");
        await Expect(Seat(page, "10B")).ToHaveAttributeAsync("data-state", "free");

        await Book(page, "10A", "Bob");
        await Expect(page.Locator("#message")).ToHaveTextAsync("Seat 10A is taken by Ada.");

        await Book(page, "10C", "");
        await Expect(page.Locator("#message")).ToContainTextAsync("Type the passenger's name first");
    }

    [Fact]
    public async Task A_window_reconnects_by_itself_after_the_node_was_killed_and_shows_what_was_confirmed()
    {
        var page = await Open("CRASH");
        await Book(page, "20D", "Ada");
        await Expect(page.Locator("#message")).ToHaveTextAsync("Ada has seat 20D.");

        await node.Kill();
        await Expect(page.Locator("#connection")).ToHaveTextAsync("Reconnecting…");
        await node.Start();
        await Expect(page.Locator("#connection")).ToHaveTextAsync("Live", new() { Timeout = 20_000 });
        await Expect(Seat(page, "20D")).ToHaveAccessibleNameAsync("Seat 20D, Ada");
        await Expect(page.Locator("#free")).ToHaveTextAsync("179");
    }

    [Fact]
    public async Task The_keyboard_reaches_every_seat()
    {
        var page = await Open("KEYS");
        await page.Locator("#passenger").FillAsync("Ada");
        await Seat(page, "1A").FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(Seat(page, "2B")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#message")).ToHaveTextAsync("Ada has seat 2B.");
        Assert.Equal(1, await page.Locator(".seat[tabindex='0']").CountAsync());
    }

    [Fact]
    public async Task A_narrow_window_shows_the_whole_cabin_without_sideways_scrolling()
    {
        var page = await browser.Open($"{node.GatewayUrl}/flights/NARROW", 390, 844, ColorScheme.Dark);
        await Expect(page.Locator("#connection")).ToHaveTextAsync("Live");
        await Book(page, "2A", "Ada Lovelace");
        await Book(page, "2B", "Charles Babbage");
        await Expect(page.Locator("#taken")).ToHaveTextAsync("2");
        Assert.Equal(390, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await Screenshots.TakeAsync(page, "seat-map-narrow.png");
    }

    [Fact]
    public async Task The_dashboard_shows_the_node()
    {
        await Open("DASH");
        var page = await browser.Open(node.ApiUrl, 1280, 620);
        await Expect(page.Locator("#status")).ToHaveTextAsync("Healthy");
        await Expect(page.Locator("#namespaces")).ToContainTextAsync("Flight");
        await Expect(page.Locator("#flight")).ToHaveAttributeAsync("href", $"{node.GatewayUrl}/flights/LX14");
        await Screenshots.TakeAsync(page, "dashboard.png");
    }

    private static ILocator Seat(IPage page, string number) => page.Locator($"[data-seat='{number}']");

    private static async Task Book(IPage page, string seat, string passenger)
    {
        await page.Locator("#passenger").FillAsync(passenger);
        await Seat(page, seat).ClickAsync();
    }

    private async Task<IPage> Open(string flight)
    {
        var page = await browser.Open($"{node.GatewayUrl}/flights/{flight}");
        await Expect(page.Locator("#connection")).ToHaveTextAsync("Live");
        return page;
    }
}
