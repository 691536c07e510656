using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Accounts.Tokens;
using Skerry.Bench.Measuring;
using Skerry.Bench.Ours;

namespace Skerry.Bench.Figures;

/// <summary>How long a node takes to authorize a token that it has not seen, of 100,000 that there are; the accounts' objects are in memory. No peer does just this.</summary>
internal sealed class AuthorizeCold : IFigure
{
    private const int Accounts = 10;
    private const int TokensEach = 10_000;
    private const int Asked = 5_000;

    /// <inheritdoc/>
    public string Name => "authorize_cold";

    /// <inheritdoc/>
    public string Unit => "us p50";

    /// <inheritdoc/>
    public string? Peer => null;

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 1 ms", ValueMax: 1_000);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        if (run.Subject is null)
        {
            return new Measurement(null, null);
        }

        await using var host = await AccountsHost.Start(run.NewFolder(Name), cancel);
        var start = Stopwatch.GetTimestamp();
        List<string> values = [];
        for (var i = 0; i < Accounts; i++)
        {
            values.AddRange((await host.Fill(TokensEach, cancel)).Values);
        }

        var made = values.Count / Stopwatch.GetElapsedTime(start).TotalSeconds;
        var random = new Random(1);
        var microseconds = new List<double>(Asked);
        for (var i = -500; i < Asked; i++)
        {
            // A cache that has never seen anything.
            var authority = new TokenAuthority(host.Accounts, host.Users, host.Index, TimeProvider.System, NullLogger<TokenAuthority>.Instance);
            var value = values[random.Next(values.Count)];
            var asked = Stopwatch.GetTimestamp();
            if (await authority.FindAsync(value) is null)
            {
                throw new BenchException("A token is not known.");
            }

            if (i >= 0)
            {
                microseconds.Add(Stopwatch.GetElapsedTime(asked).TotalMicroseconds);
            }
        }

        microseconds.Sort();
        return new Measurement(
            microseconds[Asked / 2],
            null,
            $"p99 {Shown.Of(microseconds[Asked * 99 / 100], "n0")} us; {Shown.Of(made, "n0")} tokens made a second before");
    }
}
