using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Skerry.Accounts.Tokens;

namespace Skerry.Accounts.Tests.Tokens;

public sealed class ApiTokenTests
{
    private const string Base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    // A fixed token, so that the format cannot change unseen: stored hashes and scanners' patterns depend on it.
    private const string Fixed = "sku_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcd4LX73c";

    [Theory]
    [InlineData(TokenKind.User, "sku_")]
    [InlineData(TokenKind.Account, "ska_")]
    public void Is_read_as_it_was_made(TokenKind kind, string prefix)
    {
        using var random = RandomNumberGenerator.Create();
        var seen = new HashSet<string>();
        for (var i = 0; i < 1000; i++)
        {
            var token = ApiToken.Create(kind, random);
            var text = token.Reveal();
            Assert.Matches($"^{prefix}[0-9A-Za-z]{{46}}$", text);
            Assert.Equal(ApiToken.Chars, text.Length);
            Assert.True(seen.Add(text));
            Assert.True(ApiToken.TryParse(text, out var read, out var hash, out var fault));
            Assert.Equal((kind, kind, TokenFault.None), (token.Kind, read, fault));
            Assert.Equal(token.Hash, hash);
            Assert.Equal(TokenHash.Of(Encoding.ASCII.GetBytes(text)), hash);
        }
    }

    [Fact]
    public void The_format_stays()
    {
        Assert.True(ApiToken.TryParse(Fixed, out var kind, out var hash, out _));
        Assert.Equal(TokenKind.User, kind);
        Assert.Equal("ddab25458541fa0f070f4ae86120be576ac69bb83fcdaca9879d5917ce1cf259", hash.ToString());
    }

    [Fact]
    public void No_other_character_anywhere_is_accepted()
    {
        for (var at = 0; at < Fixed.Length; at++)
        {
            foreach (var other in Base62 + "_-. é\0\u0130\uff10")
            {
                if (other != Fixed[at])
                {
                    var changed = Fixed[..at] + other + Fixed[(at + 1)..];
                    Assert.False(ApiToken.TryParse(changed, out _, out var hash, out var fault), changed);
                    Assert.Equal(default, hash);
                    var looksRight = Base62.Contains(other, StringComparison.Ordinal) && (at >= 4 || changed.StartsWith("ska_", StringComparison.Ordinal));
                    Assert.Equal(looksRight ? TokenFault.ChecksumWrong : TokenFault.NotAToken, fault);
                }
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("sku_")]
    [InlineData(Fixed + "0")]
    [InlineData(" " + Fixed)]
    [InlineData(Fixed + "\n")]
    [InlineData("mXhXjDkZ0v3cJ0Nq7yqkqk1bJYwq0b5g0b5g0b5g0b5")]
    public void What_is_no_token_is_told_apart(string text)
    {
        Assert.False(ApiToken.TryParse(text, out _, out _, out var fault));
        Assert.Equal(TokenFault.NotAToken, fault);
        Assert.False(ApiToken.TryParse(Fixed.AsSpan(1), out _, out _, out fault));
        Assert.Equal(TokenFault.NotAToken, fault);
    }

    [Fact]
    public void No_text_makes_it_throw() =>
        Gen.OneOf<string>(
            Gen.String,
            Gen.Char.Array[ApiToken.Chars].Select(chars => new string(chars)),
            Gen.Select(Gen.OneOf<string>("sku_", "ska_"), Gen.Char[Base62].Array[46], (prefix, rest) => prefix + new string(rest)),
            Gen.Select(Gen.OneOf<string>("sku_", "ska_"), Gen.Char.Array[46], (prefix, rest) => prefix + new string(rest)))
        .Sample(text => Assert.Equal(ApiToken.TryParse(text, out _, out _, out var fault), fault == TokenFault.None), iter: 20_000);

    [Fact]
    public void Reading_allocates_nothing()
    {
        Assert.True(ApiToken.TryParse(Fixed, out _, out var first, out _));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var isEqual = true;
        for (var i = 0; i < 100; i++)
        {
            isEqual &= ApiToken.TryParse(Fixed, out _, out var hash, out _) & hash == first;
            isEqual &= !ApiToken.TryParse("ska_" + "x", out _, out _, out _);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.True(isEqual);
    }

    [Fact]
    public void Its_text_does_not_come_out_by_mistake()
    {
        using var random = RandomNumberGenerator.Create();
        var token = ApiToken.Create(TokenKind.User, random);
        Assert.Equal("sku_…", token.ToString());
        Assert.Equal("sku_…", $"{token}");
        Assert.DoesNotContain(token.Reveal()[4..], System.Text.Json.JsonSerializer.Serialize(token), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_digit_is_equally_likely()
    {
        using var random = RandomNumberGenerator.Create();
        var counts = new int[128];
        for (var i = 0; i < 3100; i++)
        {
            foreach (var digit in ApiToken.Create(TokenKind.User, random).Reveal().AsSpan(4, 40))
            {
                counts[digit]++;
            }
        }

        // 2,000 of each are expected, with a standard deviation of 44: eight of them. A remainder of 256 by 62 would give
        // the first eight digits a quarter more.
        Assert.All(Base62, digit => Assert.InRange(counts[digit], 1650, 2350));
    }

    [Fact]
    public void Random_bytes_decide_the_secret_and_unfair_ones_are_skipped()
    {
        // 0 and 62 are the same digit; 247 is the last fair byte, of the digit z.
        using var random = new FixedRandom([255, 248, 0, 62, 247, 1]);
        var secret = ApiToken.Create(TokenKind.Account, random).Reveal()[4..44];
        Assert.StartsWith("00z100z1", secret, StringComparison.Ordinal);
    }

    private sealed class FixedRandom(byte[] bytes) : RandomNumberGenerator
    {
        private int _next;

        public override void GetBytes(byte[] data) => GetBytes(data.AsSpan());

        public override void GetBytes(Span<byte> data)
        {
            foreach (ref var one in data)
            {
                one = bytes[_next++ % bytes.Length];
            }
        }
    }
}
