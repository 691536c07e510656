using Skerry.Objects.Tests.Fleet;

namespace Integration.Fleet;

/// <summary>
/// Three nodes that several tests share, because it takes a while to start them. Each test begins with all of them well,
/// whatever the one before it has left.
/// </summary>
public sealed class ThreeNodes(MembershipServers servers) : IAsyncDisposable
{
    private SkerryFleet? _fleet;

    /// <summary>Makes everything well.</summary>
    internal async Task<SkerryFleet> ReadyAsync()
    {
        if (_fleet is null)
        {
            return _fleet = await SkerryFleet.StartAsync(servers, nodes: 3);
        }

        await _fleet.RestoreAsync();
        return _fleet;
    }

    public async ValueTask DisposeAsync()
    {
        if (_fleet is not null)
        {
            await _fleet.DisposeAsync();
        }
    }
}
