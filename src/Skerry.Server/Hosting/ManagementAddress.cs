namespace Skerry.Server.Hosting;

/// <summary>Where the management API is reached, for those who lead browsers back to it; final once the process listens.</summary>
/// <param name="api">The listener; null for a node without one.</param>
internal sealed class ManagementAddress(Listener? api)
{
    /// <summary>The address for clients on this machine; null for none.</summary>
    public string? ClientUrl => api?.ClientUrl;
}
