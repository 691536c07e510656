using System.Globalization;
using Integration.Fleet;

namespace Integration.Clocks;

/// <summary>
/// The wall clock of one process, which can be wrong and jump: Debian's libfaketime between the process and the system.
/// Its monotonic clock stays what it is.
/// </summary>
internal sealed class FakeClock
{
    private readonly SkerryNode _node;
    private readonly string _file;

    /// <summary>From the node's next start on.</summary>
    public FakeClock(SkerryNode node, TimeSpan wrongBy)
    {
        _node = node;
        _file = node.Data + ".clock";
        Jump(wrongBy);
        var library = Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", SearchOption.AllDirectories).FirstOrDefault();
        Assert.True(library is not null, "libfaketime is missing; eng/install-tools.sh --tests installs it.");
        node.Environment["LD_PRELOAD"] = library;
        node.Environment["FAKETIME_TIMESTAMP_FILE"] = _file;
        node.Environment["FAKETIME_CACHE_DURATION"] = "1";
        node.Environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";

        // Else waits on the monotonic clock end at once, and the runtime's threads spin.
        node.Environment["FAKETIME_FORCE_MONOTONIC_FIX"] = "0";
        node.Environment["NO_FAKE_STAT"] = "1";
    }

    public TimeSpan WrongBy { get; private set; }

    /// <summary>Sets it anew; a running process follows within a second.</summary>
    public void Jump(TimeSpan wrongBy)
    {
        WrongBy = wrongBy;
        File.WriteAllText(_file + ".new", wrongBy.TotalSeconds.ToString("+0;-0", CultureInfo.InvariantCulture));
        File.Move(_file + ".new", _file, overwrite: true);
    }

    /// <summary>Waits until the process says in its answers that it has that time.</summary>
    public Task BelievedAsync() => Waiting.UntilAsync(async () =>
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri(_node.Gateway, "health"));
        return (answer.Headers.Date!.Value - DateTimeOffset.UtcNow - WrongBy).Duration() < TimeSpan.FromMinutes(5);
    }, $"a clock of {_node.Name} that is wrong by {WrongBy}");
}
