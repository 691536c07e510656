using System.Text.Json;
using System.Text.RegularExpressions;
using Integration.Fleet;
using Skerry.Objects.Tests.Fleet;
using Skerry.Storage.Archive;

namespace Integration.Bucket;

/// <summary>
/// Files in the bucket that are damaged or cut short, one of each kind. Damage is named, never served, and costs nobody
/// who does not need the file.
/// </summary>
public sealed partial class DamagedBucketTests(MembershipServers servers)
{
    private const int LogIsLongerThanDatabase = 100;

    [Fact]
    public async Task A_damaged_file_is_named_and_never_served_and_all_else_goes_on()
    {
        await using var fleet = await SkerryFleet.StartAsync(servers, nodes: 3);
        using var bookings = new Bookings(() => [fleet.Nodes[0].Gateway]);
        var (owner, flights) = await FlightsOfOneOwnerAsync(fleet, bookings, 4);
        var (inBundle, whole, inLog, withSnapshot) = (flights[0], flights[1], flights[2], flights[3]);
        for (var seat = 2; seat < LogIsLongerThanDatabase; seat++)
        {
            await BookAsync(bookings, owner, withSnapshot, SeatOf(seat));
        }

        await Waiting.UntilAsync(async () => await UploadedAsync(fleet) && FilesOf(fleet, withSnapshot, "snapshot").Length > 0, "a snapshot, and everything else in bundles");
        var other = fleet.Nodes.First(node => node != owner);

        // A bundle: of the two flights in it, one needs what is damaged.
        var (bundle, offset) = PlaceInBundle(fleet, inBundle);
        var before = await File.ReadAllBytesAsync(bundle);
        Flip(bundle, offset);
        await NamesAsync(other, bundle, "objects", "verify", "flight", inBundle);
        await NamesAsync(other, bundle, "objects", "export", "flight", inBundle, "--out", Path.Combine(fleet.Folder, "damaged.sqlite"));
        Assert.False(File.Exists(Path.Combine(fleet.Folder, "damaged.sqlite")));
        await BookAsync(bookings, owner, inBundle, "20A");
        await VerifiesAsync(other, whole);
        var export = Path.Combine(fleet.Folder, "whole.sqlite");
        var (code, output) = await other.CommandAsync("objects", "export", "flight", whole, "--out", export);
        Assert.True(code == 0 && File.Exists(export), output);

        // The newest snapshot. Who takes the object over has nothing local, and does without it.
        var snapshot = FilesOf(fleet, withSnapshot, "snapshot").Last();
        Flip(snapshot, (int)new FileInfo(snapshot).Length / 2);
        await NamesAsync(other, snapshot, "objects", "verify", "flight", withSnapshot);
        await owner.KillAsync();
        using var http = new HttpClient { BaseAddress = other.Gateway, Timeout = Waiting.Bound };
        await ServesAsync(http, withSnapshot, LogIsLongerThanDatabase - 1);
        await ServesAsync(http, whole, 1);
        Assert.Contains(Path.GetFileName(snapshot), string.Concat(fleet.Nodes.Select(static node => node.Output)), StringComparison.Ordinal);

        // Nobody has a copy of the flight in the damaged bundle that could be proven; until the file is back it is nobody's to serve.
        using (var refused = await http.GetAsync($"flights/{inBundle}/map"))
        {
            var text = await refused.Content.ReadAsStringAsync();
            Assert.True((int)refused.StatusCode == 503 && text.Contains(KeyOf(fleet, bundle), StringComparison.Ordinal), $"{refused.StatusCode} {text}");
        }

        await File.WriteAllBytesAsync(bundle, before);
        await Waiting.UntilAsync(async () => (await http.GetAsync($"flights/{inBundle}/map")).IsSuccessStatusCode, "the flight whose file is back");

        // A file of one object only, as it has been since the object has moved: damaged within a transaction, and cut short.
        await BookAsync(bookings, other, inLog, "20A");
        var bookmarks = await BookmarksAsync(other, inLog);
        var log = FilesOf(fleet, inLog, "log").First();
        Flip(log, 200);
        await NamesAsync(other, log, "objects", "verify", "flight", inLog);
        await NamesAsync(other, log, "objects", "restore", "flight", inLog, "--to", bookmarks[1]);
        await BookAsync(bookings, other, inLog, "20B");
        await using (var cut = new FileStream(log, FileMode.Open))
        {
            cut.SetLength(cut.Length / 2);
        }

        await NamesAsync(other, log, "objects", "verify", "flight", inLog);
        await NamesAsync(other, log, "objects", "restore", "flight", inLog, "--to", bookmarks[1]);
        await NamesAsync(other, log, "objects", "export", "flight", inLog, "--at", bookmarks[1], "--out", export, "--force");
        await BookAsync(bookings, other, inLog, "20C");
        await bookings.CheckAsync();
    }

    // Objects of one node share a bundle.
    private static async Task<(SkerryNode Owner, string[] Flights)> FlightsOfOneOwnerAsync(SkerryFleet fleet, Bookings bookings, int count)
    {
        Dictionary<SkerryNode, List<string>> owned = [];
        for (var i = 0; ; i++)
        {
            await BookAsync(bookings, fleet.Nodes[0], $"D{i}", "1A");
            var owner = fleet.OwnerOf($"D{i}")!;
            if (!owned.TryGetValue(owner, out var flights))
            {
                owned[owner] = flights = [];
            }

            flights.Add($"D{i}");
            if (flights.Count == count && owner != fleet.Nodes[0])
            {
                return (owner, [.. flights]);
            }
        }
    }

    private static Task BookAsync(Bookings bookings, SkerryNode node, string flight, string seat) =>
        Waiting.UntilAsync(() => bookings.BookAsync(node.Gateway, flight, seat, $"{flight} {seat}"), $"{seat} of {flight}");

    private static string SeatOf(int number) => $"{(number / 6) + 1}{(char)('A' + (number % 6))}";

    private static async Task ServesAsync(HttpClient http, string flight, int booked) => await Waiting.UntilAsync(async () =>
    {
        using var answer = await http.GetAsync($"flights/{flight}/map");
        if (!answer.IsSuccessStatusCode)
        {
            return false;
        }

        var map = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal(booked, map.GetProperty("seats").EnumerateArray().Count(static seat => seat.GetProperty("passenger").GetString() is not null));
        return true;
    }, $"the map of {flight}");

    private static async Task NamesAsync(SkerryNode node, string file, params string[] command)
    {
        var (code, output) = await node.CommandAsync(command);
        Assert.True(code == 1 && output.Contains(Path.GetFileName(file), StringComparison.Ordinal), $"{string.Join(' ', command)}: {code} {output}");
    }

    private static async Task VerifiesAsync(SkerryNode node, string flight)
    {
        var (code, output) = await node.CommandAsync("objects", "verify", "flight", flight);
        Assert.True(code == 0, output);
    }

    private static async Task<IReadOnlyList<string>> BookmarksAsync(SkerryNode node, string flight)
    {
        var (code, output) = await node.CommandAsync("objects", "history", "flight", flight, "--json");
        Assert.True(code == 0, output);
        return [.. ABookmark().Matches(output).Select(static match => match.Value).Distinct()];
    }

    private static async Task<bool> UploadedAsync(SkerryFleet fleet)
    {
        var members = (await SkerryFleet.LookAsync(fleet.Nodes[0])).GetProperty("nodes").EnumerateArray();
        return members.All(static one => one.GetProperty("log") is var log && log.GetProperty("uploaded").GetInt64() == log.GetProperty("appended").GetInt64());
    }

    private static string[] FilesOf(SkerryFleet fleet, string flight, string kind)
    {
        var folder = Path.Combine(fleet.FolderOf(flight), kind);
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)] : [];
    }

    // Somewhere in the middle of what the bundle has of the flight.
    private static (string File, int Offset) PlaceInBundle(SkerryFleet fleet, string flight)
    {
        var id = Path.GetFileName(fleet.FolderOf(flight));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(fleet.Bucket, "bundles"), "*", SearchOption.AllDirectories))
        {
            var index = BatchFile.ReadIndex(file, File.ReadAllBytes(file));
            foreach (var entry in index.Entries.Where(entry => entry.Key.Id.ToString() == id))
            {
                return (file, (int)entry.Offset + (entry.Length / 2));
            }
        }

        Assert.Fail($"No bundle has anything of {flight}.");
        return default;
    }

    private static string KeyOf(SkerryFleet fleet, string file) => Path.GetRelativePath(fleet.Bucket, file);

    private static void Flip(string file, int offset)
    {
        var content = File.ReadAllBytes(file);
        content[offset] ^= 0x10;
        File.WriteAllBytes(file, content);
    }

    [GeneratedRegex(@"\b[0-9a-f]{16}-[0-9a-f]{8}\b")]
    private static partial Regex ABookmark();
}
