using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Skerry.Accounts.Users.SignIn;

namespace Skerry.Accounts.Tests.Users.SignIn;

public sealed class PasswordTests
{
    private const string Password = "a horse in the rain";

    [Theory]
    [InlineData("twelve chars", true)]
    [InlineData("eleven char", false)]
    [InlineData("            ", true)]
    [InlineData("Password1234", false)]
    [InlineData(" passwordpassword ", false)]
    [InlineData("ADA.lovelace@example.com", false)]
    [InlineData("ada.lovelace@example.com!", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Length_the_address_and_the_commonest_are_all_that_counts(string? password, bool isAccepted) =>
        Assert.Equal(isAccepted, PasswordRules.Problem(password, "ada.lovelace@example.com") is null);

    [Fact]
    public void The_longest_password_is_accepted_and_one_character_more_is_not()
    {
        Assert.Null(PasswordRules.Problem(new string('x', PasswordRules.CharsMax), ""));
        Assert.NotNull(PasswordRules.Problem(new string('x', PasswordRules.CharsMax + 1), ""));
    }

    [Fact]
    public async Task A_hash_is_of_one_password_and_says_how_it_was_made()
    {
        using var hashing = new PasswordHashing(1_000);
        var hash = (await hashing.HashAsync(Password))!;
        Assert.NotEqual(hash, await hashing.HashAsync(Password));
        Assert.Equal(PasswordCheck.Right, await hashing.CheckAsync(hash, Password));
        Assert.Equal(PasswordCheck.Wrong, await hashing.CheckAsync(hash, Password + "."));
        Assert.Equal(PasswordCheck.Wrong, await hashing.CheckAsync(hash, ""));
        using var stronger = new PasswordHashing(2_000);
        Assert.Equal(PasswordCheck.RightButWeak, await stronger.CheckAsync(hash, Password));
        Assert.Equal(PasswordCheck.Wrong, await stronger.CheckAsync(hash, Password + "."));
    }

    [Fact]
    public async Task A_password_is_hashed_as_often_as_is_asked_of_it_today()
    {
        using var hashing = new PasswordHashing();
        var hash = (await hashing.HashAsync(Password))!;
        Assert.Equal(PasswordHashing.Iterations, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(Convert.FromBase64String(hash).AsSpan(5)));
        var hasher = new PasswordHasher<string>(Options.Create(new PasswordHasherOptions { IterationCount = PasswordHashing.Iterations }));
        Assert.Equal(PasswordVerificationResult.Success, hasher.VerifyHashedPassword("", hash, Password));
    }

    [Fact]
    public async Task Nobodys_password_is_always_wrong_and_costs_as_much_as_anybodys()
    {
        using var hashing = new PasswordHashing(PasswordHashing.Iterations);
        Assert.Equal(PasswordCheck.Wrong, await hashing.CheckAsync(null, ""));

        // A check that hashes nothing takes microseconds, so the shares of one processor cannot hide it.
        var hash = (await hashing.HashAsync(Password))!;
        var (nobodys, somebodys) = (await CostAsync(null), await CostAsync(hash));
        Assert.InRange(nobodys / somebodys, 0.1, 10);

        async Task<double> CostAsync(string? against)
        {
            var best = double.MaxValue;
            for (var i = 0; i < 3; i++)
            {
                var begun = TimeProvider.System.GetTimestamp();
                await hashing.CheckAsync(against, "another password");
                best = Math.Min(best, TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds);
            }

            return best;
        }
    }

    [Fact]
    public async Task Too_many_at_once_are_told_to_come_back()
    {
        using var hashing = new PasswordHashing(30_000);
        var checks = await Task.WhenAll(Enumerable.Range(0, 200 + Environment.ProcessorCount).Select(_ => Task.Run(() => hashing.CheckAsync(null, Password))));
        Assert.Contains(PasswordCheck.Busy, checks);
        Assert.Contains(PasswordCheck.Wrong, checks);
    }
}
