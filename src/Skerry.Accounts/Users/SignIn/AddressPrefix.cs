using System.Net;
using System.Net.Sockets;

namespace Skerry.Accounts.Users.SignIn;

/// <summary>
/// Whom an address stands for: itself if it is of version 4, its first 64 bits if it is of version 6, for these are what one
/// subscriber gets at least.
/// </summary>
public static class AddressPrefix
{
    private const string Unknown = "unknown";
    private const int Version6Bytes = 8;

    /// <summary>The prefix as text; one for all addresses that are missing or none.</summary>
    public static string Of(string? address) => Of(IPAddress.TryParse(address, out var parsed) ? parsed : null);

    /// <inheritdoc cref="Of(string?)"/>
    public static string Of(IPAddress? address)
    {
        if (address is null)
        {
            return Unknown;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return address.ToString();
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(Version6Bytes).Clear();
        return $"{new IPAddress(bytes)}/{Version6Bytes * 8}";
    }
}
