using System.Diagnostics;
using Integration.Fleet;

namespace Integration.Network;

/// <summary>
/// Six nodes on six machines that several tests share, because it takes a while to start them. Each test begins with all of
/// them well, whatever the one before it has left.
/// </summary>
public sealed class SixMachines : IAsyncDisposable
{
    private PrivateNetwork? _network;
    private SkerryFleet? _fleet;

    internal PrivateNetwork Network => _network!;

    internal SkerryFleet Fleet => _fleet!;

    /// <summary>Makes everything well.</summary>
    internal async Task<SkerryFleet> ReadyAsync()
    {
        if (_fleet is null)
        {
            _network = PrivateNetwork.Create();
            return _fleet = await SkerryFleet.StartAsync(_network, nodes: 6);
        }

        Network.Heal();
        while (true)
        {
            // As a supervisor does: a node may hear only now that it has been taken over.
            await Task.WhenAll(Fleet.Nodes.Where(static node => !node.IsRunning).Select(static node => node.StartAsync()));
            using var ended = new CancellationTokenSource();
            var anyEnded = Task.WhenAny(Fleet.Nodes.Select(node => node.WhenEndedAsync(ended.Token)));
            var settled = Fleet.SettleAsync();
            if (await Task.WhenAny(settled, anyEnded) == settled)
            {
                await ended.CancelAsync();
                await settled;
                return Fleet;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_fleet is not null)
        {
            await _fleet.DisposeAsync();
        }

        _network?.Dispose();
    }
}
