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
        await Fleet.RestoreAsync();
        return Fleet;
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
