namespace Skerry.Server.Hosting;

/// <summary>Where the gateway is reached, for those who link to it; final once the process listens.</summary>
/// <param name="gateway">The listener; null for a node without a gateway.</param>
internal sealed class GatewayAddress(Listener? gateway)
{
    /// <summary>The address for clients on this machine; null for none.</summary>
    public string? ClientUrl => gateway?.ClientUrl;
}
