using System.Security.Cryptography;
using CsCheck;
using Skerry.Accounts.Tokens;

namespace Skerry.Accounts.Tests.Tokens;

public sealed class TokenHashTests
{
    [Fact]
    public void Is_the_sha256_of_the_text_and_its_shard_the_first_byte() =>
        Gen.Byte.Array[0, 100].Sample(text =>
        {
            var hash = TokenHash.Of(text);
            var expected = SHA256.HashData(text);
            Assert.Equal(Convert.ToHexStringLower(expected), hash.ToString());
            Assert.Equal(expected[0], hash.Shard);

            var stored = hash.ToArray();
            Assert.Equal(expected, stored);
            Assert.Equal(hash, TokenHash.FromBytes(stored));
        });

    [Fact]
    public void Two_that_differ_in_a_bit_are_not_equal() =>
        Gen.Select(Gen.Byte.Array[32], Gen.Int[0, 255]).Sample((bytes, bit) =>
        {
            var one = TokenHash.FromBytes(bytes);
            var same = TokenHash.FromBytes(bytes);
            Assert.True(one == same && one.Equals((object)same) && one.GetHashCode() == same.GetHashCode());
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            var other = TokenHash.FromBytes(bytes);
            Assert.True(one != other && !one.Equals(other) && !one.Equals((object)other) && !one.Equals(null));
        });

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Another_length_is_refused(int length) => Assert.Throws<ArgumentException>(() => TokenHash.FromBytes(new byte[length]));
}
