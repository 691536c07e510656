using System.Net;
using CsCheck;
using Skerry.Accounts.Policies;

namespace Skerry.Accounts.Tests.Policies;

public sealed class TokenConditionsTests
{
    private static readonly DateTimeOffset Day = PolicyGen.Start;

    // Few different bytes, so that addresses and networks meet.
    private static readonly Gen<byte> Byte = Gen.OneOf<byte>(0, 1, 10, 127, 128, 255);

    private static readonly Gen<IPAddress> V4 = Byte.Array[4].Select(bytes => new IPAddress(bytes));

    private static readonly Gen<IPAddress> V6 = Byte.Array[16].Select(bytes => new IPAddress(bytes));

    private static readonly Gen<IPAddress> Address = Gen.OneOf<IPAddress>(V4, V6, V4.Select(one => one.MapToIPv6()));

    private static readonly Gen<IPNetwork> Network = Gen.OneOf<IPNetwork>(
        Gen.Select(V4, Gen.Int[0, 32]).Select(Masked),
        Gen.Select(V6, Gen.Int[0, 128]).Select(Masked));

    [Fact]
    public void Times_hold_from_the_first_moment_to_before_the_last()
    {
        var conditions = Create(null, null, Day, Day.AddHours(1));
        Assert.Equal(DecisionOutcome.NotYetValid, conditions.Check(null, Day.AddTicks(-1)));
        Assert.Equal(DecisionOutcome.Allowed, conditions.Check(null, Day));
        Assert.Equal(DecisionOutcome.Allowed, conditions.Check(null, Day.AddHours(1).AddTicks(-1)));
        Assert.Equal(DecisionOutcome.Expired, conditions.Check(null, Day.AddHours(1)));
        Assert.Equal(DecisionOutcome.Allowed, conditions.Check(null, Day.ToOffset(TimeSpan.FromHours(9))));
        Assert.Equal(DecisionOutcome.Allowed, TokenConditions.None.Check(null, DateTimeOffset.MaxValue));
    }

    [Fact]
    public void Ranges_agree_with_those_of_the_framework() =>
        Gen.Select(Network, Address).Sample((network, address) =>
        {
            var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            var isInside = network.Contains(plain);
            Assert.Equal(isInside ? DecisionOutcome.Allowed : DecisionOutcome.AddressNotListed, Create([network.ToString()]).Check(address, Day));
            Assert.Equal(isInside ? DecisionOutcome.AddressExcluded : DecisionOutcome.Allowed, Create(null, [network.ToString()]).Check(address, Day));
            Assert.Equal(network, Assert.Single(Create([network.ToString()]).In!));
            Assert.Equal(network.Contains(plain), Create([address.ToString()]).IsWithin(Create([network.ToString()])));
        },
        iter: 20_000);

    [Fact]
    public void A_range_is_within_another_if_it_is_longer_and_begins_in_it() =>
        Gen.Select(Network, Network).Sample((one, other) =>
        {
            Assert.Equal(
                one.PrefixLength >= other.PrefixLength && other.Contains(one.BaseAddress),
                Create([one.ToString()]).IsWithin(Create([other.ToString()])));
        },
        iter: 20_000);

    [Fact]
    public void Version_4_inside_version_6_is_version_4()
    {
        Assert.Equal("10.0.0.0/8", Assert.Single(Create(["::ffff:10.0.0.0/104"]).In!).ToString());
        Assert.Equal("0.0.0.0/0", Assert.Single(Create(["::ffff:0:0/96"]).In!).ToString());
        Assert.Equal("10.1.2.3/32", Assert.Single(Create(null, ["::ffff:10.1.2.3"]).NotIn!).ToString());
        Assert.Equal(DecisionOutcome.AddressNotListed, Create(["::/0"]).Check(IPAddress.Parse("::ffff:10.1.2.3"), Day));
    }

    [Fact]
    public void An_excluded_address_stays_out_though_it_is_listed()
    {
        var conditions = Create(["10.0.0.0/8", "2001:db8::/32"], ["10.9.0.0/16"]);
        Assert.Equal(DecisionOutcome.Allowed, conditions.Check(IPAddress.Parse("10.8.0.1"), Day));
        Assert.Equal(DecisionOutcome.Allowed, conditions.Check(IPAddress.Parse("2001:db8::9"), Day));
        Assert.Equal(DecisionOutcome.AddressExcluded, conditions.Check(IPAddress.Parse("10.9.0.1"), Day));
        Assert.Equal(DecisionOutcome.AddressNotListed, conditions.Check(IPAddress.Parse("192.0.2.1"), Day));
    }

    [Fact]
    public void An_unknown_address_meets_no_condition_on_addresses()
    {
        Assert.Equal(DecisionOutcome.AddressNotListed, Create(["0.0.0.0/0", "::/0"]).Check(null, Day));
        Assert.Equal(DecisionOutcome.AddressNotListed, Create(null, ["10.0.0.0/8"]).Check(null, Day));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("localhost")]
    [InlineData("10.1")]
    [InlineData("010.0.0.1")]
    [InlineData("0x0a.0.0.1")]
    [InlineData("10.0.0.1:80")]
    [InlineData("[::1]")]
    [InlineData("fe80::1%eth0")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/08")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("10.0.0.0/255.0.0.0")]
    [InlineData("10.0.0.1/8")]
    [InlineData("2001:db8::1/32")]
    [InlineData("2001:db8::/129")]
    [InlineData("::ffff:10.0.0.0/90")]
    [InlineData("::ffff:10.0.0.1/104")]
    [InlineData(null)]
    public void What_is_no_range_is_refused(string? text)
    {
        Assert.False(TokenConditions.TryCreate(["192.0.2.1", text!], null, null, null, out _, out var errors));
        var error = Assert.Single(errors);
        Assert.Equal("condition.request_ip.in[1]", error.Field);
        Assert.Contains("192.0.2.7", error.Accepted, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_wrong_is_told_at_once()
    {
        Assert.False(TokenConditions.TryCreate([], ["x", "10.0.0.0/8", "y"], Day, Day, out var conditions, out var errors));
        Assert.Null(conditions);
        Assert.Equal(
            ["condition.request_ip.in", "condition.request_ip.not_in[0]", "condition.request_ip.not_in[2]", "expires_on"],
            errors.Select(one => one.Field));
    }

    [Fact]
    public void Lists_are_bounded()
    {
        var full = Enumerable.Repeat("192.0.2.1", TokenConditions.RangesMax).ToArray();
        Assert.True(TokenConditions.TryCreate(full, full, null, null, out _, out _));
        Assert.False(TokenConditions.TryCreate([.. full, "192.0.2.1"], null, null, null, out _, out _));
    }

    [Fact]
    public void No_text_makes_it_throw_and_what_is_read_is_written_as_the_same() =>
        Gen.OneOf<string>(
            Gen.String,
            Gen.Char["0123456789abcf:./"].Array[0, 60].Select(chars => new string(chars)),
            Gen.Select(Network, Gen.Char["0123456789abcf:./ "], Gen.Int[0, 4], (network, other, at) => network.ToString().Insert(at, $"{other}")))
        .Sample(text =>
        {
            if (TokenConditions.TryCreate([text], [text], null, null, out var conditions, out var errors))
            {
                var written = Assert.Single(conditions.In!).ToString();
                Assert.Equal(conditions.In, Create([written]).In);
                Assert.Equal(conditions.In, conditions.NotIn);
            }
            else
            {
                Assert.Equal(2, errors.Count);
            }
        });

    private static IPNetwork Masked(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new(new IPAddress(bytes), length);
    }

    private static TokenConditions Create(string[]? @in, string[]? notIn = null, DateTimeOffset? notBefore = null, DateTimeOffset? expiresOn = null)
    {
        Assert.True(TokenConditions.TryCreate(@in, notIn, notBefore, expiresOn, out var conditions, out var errors), string.Join('\n', errors));
        return conditions;
    }
}
