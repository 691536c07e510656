using System.Security.Cryptography;
using CsCheck;

namespace Skerry.Objects.Tests.Ids;

public class IdFactoryTests
{
    private static readonly RandomNumberGenerator s_random = RandomNumberGenerator.Create();
    private readonly IdFactory _ids = new("flights", s_random);

    private static readonly Gen<Jurisdiction> s_jurisdiction = Gen.Byte[0, 2].Select(code => (Jurisdiction)code);

    // Ids are kept for ever, so how they are made may never change.
    [Theory]
    [InlineData("a", Jurisdiction.None, IdGolden.A)]
    [InlineData("Käse/🧀", Jurisdiction.Eu, IdGolden.Cheese)]
    public void An_id_made_from_a_name_never_changes(string name, Jurisdiction jurisdiction, string expected) =>
        Assert.Equal(expected, _ids.FromName(name, jurisdiction).ToString());

    [Fact]
    public void Every_id_parses_to_itself_in_its_namespace_and_is_refused_in_every_other() =>
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 40], s_jurisdiction, Gen.Bool).Sample((name, jurisdiction, unique) =>
        {
            var id = unique ? _ids.Unique(jurisdiction) : _ids.FromName(name, jurisdiction);
            var parsed = _ids.Parse(id.ToString().ToUpperInvariant(), jurisdiction);
            Assert.Equal(id, parsed);
            Assert.Equal(("flights", jurisdiction, (byte)jurisdiction), (parsed.Namespace, parsed.Jurisdiction, parsed.Value.Bytes[0]));
            Assert.Equal(unique ? null : name, id.Name);
            Assert.Null(parsed.Name);

            var error = Assert.Throws<InvalidObjectIdException>(() => new IdFactory("seats", s_random).Parse(id.ToString()));
            Assert.Equal(InvalidObjectIdReason.OtherNamespace, error.Reason);
            Assert.Contains("'seats'", error.Message, StringComparison.Ordinal);
        });

    [Fact]
    public void The_same_name_is_another_object_in_another_namespace_or_jurisdiction()
    {
        var ids = (string[])[
            .. Enum.GetValues<Jurisdiction>().Select(j => _ids.FromName("a", j).ToString()),
            .. Enum.GetValues<Jurisdiction>().Select(j => new IdFactory("seats", s_random).FromName("a", j).ToString())];
        Assert.Equal(ids.Length, ids.Select(id => id[2..32]).Distinct().Count());
    }

    [Fact]
    public void No_flipped_bit_leaves_an_id_valid()
    {
        var bytes = Convert.FromHexString(_ids.FromName("a").ToString());
        for (var bit = 0; bit < 256; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(
                InvalidObjectIdReason.OtherNamespace,
                Assert.Throws<InvalidObjectIdException>(() => _ids.Parse(Convert.ToHexString(bytes))).Reason);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000 ")]
    [InlineData("000000000000000000000000000000000000000000000000000000000000000g")]
    public void What_is_not_64_hexadecimal_digits_is_malformed(string hex)
    {
        var error = Assert.Throws<InvalidObjectIdException>(() => _ids.Parse(hex));
        Assert.Equal(InvalidObjectIdReason.Malformed, error.Reason);
        Assert.Contains("64 hexadecimal digits", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_id_of_another_jurisdiction_is_refused_where_one_is_required()
    {
        var error = Assert.Throws<InvalidObjectIdException>(() => _ids.Parse(_ids.Unique().ToString(), Jurisdiction.Eu));
        Assert.Equal(InvalidObjectIdReason.OtherJurisdiction, error.Reason);
        Assert.Contains("'eu'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_are_1_to_1024_characters_of_well_formed_text()
    {
        Assert.Throws<ArgumentException>(() => _ids.FromName(""));
        Assert.Throws<ArgumentException>(() => _ids.FromName(new string('a', 1025)));
        Assert.Throws<ArgumentException>(() => _ids.FromName("a\ud800b"));
        Assert.Throws<ArgumentOutOfRangeException>(() => _ids.FromName("a", (Jurisdiction)77));
        Assert.Throws<ArgumentOutOfRangeException>(() => _ids.Unique((Jurisdiction)77));
        Assert.Equal(1024, _ids.FromName(new string('\uffff', 1024)).Name!.Length);
        Assert.NotEqual(_ids.FromName("\u00e4"), _ids.FromName("a\u0308"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Flights")]
    [InlineData("a/b")]
    [InlineData("a123456789b123456789c123456789d123456789e123456789f123456789g1234")]
    public void A_namespace_has_a_plain_short_name(string name) =>
        Assert.Throws<ArgumentException>(() => new IdFactory(name, s_random));

    [Fact]
    public void Random_ids_differ()
    {
        var ids = Enumerable.Range(0, 1000).Select(_ => _ids.Unique()).ToHashSet();
        Assert.Equal(1000, ids.Count);
    }

    [Fact]
    public void A_name_seen_before_costs_no_allocation()
    {
        var first = _ids.FromName("LH-404", Jurisdiction.Eu);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Assert.Same(first, _ids.FromName("LH-404", Jurisdiction.Eu));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    // Names that share a set of the cache push each other out; the answer is the same.
    [Fact]
    public void Many_names_from_many_threads_keep_their_ids()
    {
        var expected = Enumerable.Range(0, 20_000).Select(i => new IdFactory("flights", s_random).FromName($"n{i}")).ToArray();
        Parallel.For(0, 60_000, i => Assert.Equal(expected[i % 20_000], _ids.FromName($"n{i % 20_000}")));
    }
}
