using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Skerry.Accounts.Policies;

/// <summary>
/// A range of IP addresses, made for being looked at often. An address is 128 bits, one of version 4 in the first 32 of
/// them; the versions are apart. Version 4 inside version 6 (<c>::ffff:a.b.c.d</c>) counts as version 4, since which of the
/// two a server sees depends on its listener.
/// </summary>
internal readonly record struct AddressRange
{
    private const string Accepted = "an IPv4 or IPv6 address, or a network in CIDR form, such as 192.0.2.7, 198.51.100.0/24 or 2001:db8::/32";
    private const int TextCharsMax = 49; // The longest IPv6 address has 45, "/128" four more.

    private static readonly SearchValues<char> Allowed = SearchValues.Create("0123456789abcdefABCDEF:.");

    private readonly UInt128 _first;
    private readonly int _length;
    private readonly bool _isV4;

    private AddressRange(UInt128 first, int length, bool isV4)
    {
        _first = first;
        _length = length;
        _isV4 = isV4;
    }

    private UInt128 Mask => _length == 0 ? 0 : UInt128.MaxValue << (128 - _length);

    /// <summary>The range of one address.</summary>
    public static AddressRange Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        var bits = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return length == 4 ? new(bits, 32, true)
            : bits >> 32 == 0xffff ? new(bits << 96, 32, true)
            : new(bits, 128, false);
    }

    /// <summary>Reads an address or a network.</summary>
    /// <param name="text">The text.</param>
    /// <param name="field">The field's path, for the error.</param>
    /// <param name="range">The range.</param>
    /// <returns>Why it is refused; null if it is not.</returns>
    public static PolicyError? Parse(string? text, string field, out AddressRange range)
    {
        range = default;
        var slash = text is null ? -1 : text.IndexOf('/');
        var address = slash < 0 ? text : text![..slash];
        if (text is null or { Length: > TextCharsMax } || address.AsSpan().ContainsAnyExcept(Allowed) || !IPAddress.TryParse(address, out var ip)
            || (ip.AddressFamily == AddressFamily.InterNetwork && ip.ToString() != address))
        {
            return new(field, $"{PolicyError.Quote(text)} is no address", Accepted);
        }

        range = Of(ip);
        if (slash < 0)
        {
            return null;
        }

        var isMapped = range._isV4 && ip.AddressFamily == AddressFamily.InterNetworkV6;
        var longest = ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        var digits = text.AsSpan(slash + 1);
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > longest || (digits.Length > 1 && digits[0] == '0'))
        {
            return new(field, $"{PolicyError.Quote(text)} does not end in the length of a prefix from 0 to {longest}", Accepted);
        }

        // A mapped address has ones up to its 96th bit, so what is shorter than that is no network either.
        var network = isMapped ? new(range._first, Math.Max(0, length - 96), true) : new AddressRange(range._first, length, range._isV4);
        if ((isMapped && length < 96) || (network._first & ~network.Mask) != 0)
        {
            return new(field, $"{PolicyError.Quote(text)} has ones behind the {length} bits of its prefix", Accepted);
        }

        range = network;
        return null;
    }

    /// <summary>Whether all of another range is in this one.</summary>
    public bool Contains(in AddressRange other) =>
        _isV4 == other._isV4 && _length <= other._length && (other._first & Mask) == _first;

    /// <summary>Whether an address is in both.</summary>
    public bool Overlaps(in AddressRange other) => Contains(other) || other.Contains(this);

    /// <summary>The range for others to read.</summary>
    public IPNetwork ToNetwork()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _first);
        return new(new IPAddress(_isV4 ? bytes[..4] : bytes), _length);
    }
}
