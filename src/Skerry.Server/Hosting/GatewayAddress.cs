namespace Skerry.Server.Hosting;

/// <summary>Where the gateway is reached, for those who link to it; final once the process listens.</summary>
internal sealed class GatewayAddress(Listener gateway)
{
    /// <summary>The address for clients on this machine.</summary>
    public string ClientUrl => gateway.ClientUrl;
}
