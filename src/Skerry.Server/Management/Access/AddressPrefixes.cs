using System.Net;
using System.Net.Sockets;

namespace Skerry.Server.Management.Access;

/// <summary>What counts as one caller: an address of version 4, or of version 6 a home's or a machine's 64 bits.</summary>
internal static class AddressPrefixes
{
    private const int PrefixBytes = 8;
    private const int AddressBytes = 16;

    /// <summary>The prefix, as an address.</summary>
    public static IPAddress Of(IPAddress? address) =>
        address is null ? IPAddress.None
        : address.AddressFamily == AddressFamily.InterNetworkV6
            ? new IPAddress([.. address.GetAddressBytes().AsSpan(0, PrefixBytes), .. new byte[AddressBytes - PrefixBytes]])
        : address;
}
