using System.Net;
using Skerry.Accounts.Policies;
using Skerry.Bench.Measuring;
using Skerry.Bench.Ours;

namespace Skerry.Bench.Figures;

/// <summary>What it adds to a request to look at its token, which the node knows already, and to decide. No peer does just this.</summary>
internal sealed class AuthorizeCached : IFigure
{
    private const int Times = 200_000;

    /// <inheritdoc/>
    public string Name => "authorize_cached";

    /// <inheritdoc/>
    public string Unit => "us/request";

    /// <inheritdoc/>
    public string? Peer => null;

    /// <inheritdoc/>
    public bool HigherIsBetter => false;

    /// <inheritdoc/>
    public Target Target => new("at most 5 us, and nothing allocated", ValueMax: 5);

    /// <inheritdoc/>
    public async Task<Measurement> Run(BenchRun run, CancellationToken cancel)
    {
        if (run.Subject is null)
        {
            return new Measurement(null, null);
        }

        await using var host = await AccountsHost.Start(run.NewFolder(Name), cancel);
        var (account, values) = await host.Fill(1, cancel);
        var authorizer = host.Authorizer;
        await authorizer.FindAsync(values[0]);
        var (token, resource, caller) = (values[0], ResourceName.Account(account), IPAddress.Loopback);
        var bytes = 0.0;
        var (ours, _) = await Rounds.Alternate(
            7,
            () =>
            {
                // The refresh twice a second is part of it.
                var cost = OperationCost.Measure(Times, _ =>
                {
                    var found = authorizer.FindAsync(token);
                    var known = found.IsCompletedSuccessfully ? found.Result : found.AsTask().GetAwaiter().GetResult();
                    if (known is null || !authorizer.DecideAsync(known, AccountsHost.Asked, resource, caller).Result.IsAllowed)
                    {
                        throw new BenchException("The token was refused.");
                    }
                });
                bytes = cost.Bytes;
                return Task.FromResult(cost.Nanoseconds / 1_000);
            },
            null,
            cancel);
        return new Measurement(ours, null, $"{Shown.Of(bytes, "n1")} bytes a request", AlsoMet: bytes < 1);
    }
}
