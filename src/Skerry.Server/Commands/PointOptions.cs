using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;

namespace Skerry.Server.Commands;

/// <summary>The options by which a command names a point in an object's history.</summary>
internal sealed class PointOptions
{
    private readonly Option<string?> _bookmark;
    private readonly Option<DateTimeOffset?> _time;

    /// <summary>Makes them.</summary>
    /// <param name="bookmark">What the option for a bookmark is called.</param>
    public PointOptions(string bookmark)
    {
        _bookmark = new(bookmark) { Description = "the state with this bookmark", HelpName = "BOOKMARK" };
        _time = new("--time")
        {
            Description = "the newest state at or before this time, such as 2026-01-31T12:00:00Z",
            HelpName = "TIME",
            CustomParser = static argument =>
            {
                if (DateTimeOffset.TryParse(argument.Tokens[0].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                {
                    return time;
                }

                argument.AddError($"--time: \"{argument.Tokens[0].Value}\" is not accepted; accepted is a time such as 2026-01-31T12:00:00Z.");
                return null;
            },
        };
    }

    /// <summary>Makes the options part of a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_bookmark);
        command.Options.Add(_time);
        command.Validators.Add(parsed =>
        {
            if (parsed.GetResult(_bookmark) is not null && parsed.GetResult(_time) is not null)
            {
                parsed.AddError($"{_bookmark.Name} and --time are both given; give one of them.");
            }
        });
    }

    /// <summary>Whether one of them is given.</summary>
    public bool IsGivenIn(SymbolResult parsed) => parsed.GetResult(_bookmark) is not null || parsed.GetResult(_time) is not null;

    /// <summary>As the body of a request.</summary>
    public string ToJson(ParseResult parsed) => JsonSerializer.Serialize(
        parsed.GetValue(_bookmark) is { } bookmark
            ? new Dictionary<string, string> { ["bookmark"] = bookmark }
            : new Dictionary<string, string> { ["time"] = TimeOf(parsed)! });

    /// <summary>As a query; empty if none is given.</summary>
    public string ToQuery(ParseResult parsed) =>
        parsed.GetValue(_bookmark) is { } bookmark ? $"?bookmark={Uri.EscapeDataString(bookmark)}"
        : TimeOf(parsed) is { } time ? $"?time={Uri.EscapeDataString(time)}"
        : "";

    private string? TimeOf(ParseResult parsed) => parsed.GetValue(_time)?.ToString("O", CultureInfo.InvariantCulture);
}
