using Skerry.Server.Credentials;
using Skerry.Server.Hosting;
using Spectre.Console;

namespace Skerry.Server.Terminal;

/// <summary>What the terminal shows once both listeners listen: where things are, and three commands to try.</summary>
internal static class StartupReport
{
    /// <summary>Writes the report; colours and rules only where <paramref name="plain"/> is false.</summary>
    public static void Write(TextWriter output, bool plain, SkerryHost host)
    {
        var settings = new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) };
        if (plain)
        {
            settings.Ansi = AnsiSupport.No;
            settings.ColorSystem = ColorSystemSupport.NoColors;
        }

        var console = AnsiConsole.Create(settings);

        // The terminal wraps long lines itself; a wrap made here would put line ends into pasted commands.
        console.Profile.Width = 1000;
        var flight = $"{host.GatewayUrl}/flights/LX14";
        console.WriteLine();
        console.MarkupLineInterpolated($"[bold deepskyblue1]skerry[/] [grey]{SkerryProcess.Version}[/] is running");
        console.WriteLine();
        Place(console, "Data folder", host.DataFolder);
        Place(console, "Credentials", host.CredentialsPath);
        if (host.HasNewToken)
        {
            console.MarkupLineInterpolated($"  [grey]{"",-12} just written, with a new token of the account \"{ClusterAccount.Name}\"[/]");
        }

        if (host.ApiUrl.Length > 0)
        {
            Place(console, "API", $"{host.ApiUrl}/client/v4");
            Place(console, "Dashboard", $"{host.ApiUrl}/");
        }

        if (host.GatewayUrl.Length == 0)
        {
            console.WriteLine();
            console.MarkupLine("[grey]Ctrl+C stops it; what was confirmed stays.[/]");
            return;
        }

        Place(console, "Gateway", $"{host.GatewayUrl}/");
        Place(console, "Seat map", flight);
        console.WriteLine();
        console.MarkupLine("Book a seat, list the free ones, and be refused the one that is taken:");
        console.WriteLine();
        Command(console, $"""curl -X POST {flight}/seats/3C -d '{AsPassenger("Ada")}'""");
        Command(console, $"curl {flight}/seats");
        Command(console, $"""curl -X POST {flight}/seats/3C -d '{AsPassenger("Grace")}'""");
        console.WriteLine();
        console.MarkupLine("[grey]Ctrl+C stops it; what was confirmed stays.[/]");
    }

    private static string AsPassenger(string name) => $$"""{"passenger":"{{name}}"}""";

    // Terminals open addresses; a folder's path is not one.
    private static void Place(IAnsiConsole console, string what, string where)
    {
        if (where.StartsWith("http", StringComparison.Ordinal))
        {
            console.MarkupLineInterpolated($"  [grey]{what,-12}[/] [link]{where}[/]");
        }
        else
        {
            console.MarkupLineInterpolated($"  [grey]{what,-12}[/] {where}");
        }
    }

    private static void Command(IAnsiConsole console, string line) => console.MarkupLineInterpolated($"  [green]{line}[/]");
}
