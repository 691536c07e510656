using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
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
        var hash = (await hashing.HashAsync(Password, PasswordQueue.SignedIn))!;
        Assert.NotEqual(hash, await hashing.HashAsync(Password, PasswordQueue.SignedIn));
        Assert.Equal(PasswordCheck.Right, await CheckAsync(hashing, hash, Password));
        Assert.Equal(PasswordCheck.Wrong, await CheckAsync(hashing, hash, Password + "."));
        Assert.Equal(PasswordCheck.Wrong, await CheckAsync(hashing, hash, ""));
        using var stronger = new PasswordHashing(2_000);
        Assert.Equal(PasswordCheck.RightButWeak, await CheckAsync(stronger, hash, Password));
        Assert.Equal(PasswordCheck.Wrong, await CheckAsync(stronger, hash, Password + "."));
    }

    [Fact]
    public async Task A_password_is_hashed_as_often_as_is_asked_of_it_today()
    {
        using var hashing = new PasswordHashing();
        var hash = (await hashing.HashAsync(Password, PasswordQueue.SignedIn))!;
        Assert.Equal(PasswordHashing.Iterations, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(Convert.FromBase64String(hash).AsSpan(5)));
        var hasher = new PasswordHasher<string>(Options.Create(new PasswordHasherOptions { IterationCount = PasswordHashing.Iterations }));
        Assert.Equal(PasswordVerificationResult.Success, hasher.VerifyHashedPassword("", hash, Password));
    }

    [Fact]
    public async Task Nobodys_password_is_always_wrong_and_costs_as_much_as_anybodys()
    {
        using var hashing = new PasswordHashing(PasswordHashing.Iterations);
        Assert.Equal(PasswordCheck.Wrong, await CheckAsync(hashing, null, ""));

        // A check that hashes nothing takes microseconds, so the shares of one processor cannot hide it.
        var hash = (await hashing.HashAsync(Password, PasswordQueue.SignedIn))!;
        var (nobodys, somebodys) = (await CostAsync(null), await CostAsync(hash));
        Assert.InRange(nobodys / somebodys, 0.1, 10);

        async Task<double> CostAsync(string? against)
        {
            var best = double.MaxValue;
            for (var i = 0; i < 3; i++)
            {
                var begun = TimeProvider.System.GetTimestamp();
                await CheckAsync(hashing, against, "another password");
                best = Math.Min(best, TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds);
            }

            return best;
        }
    }

    [Fact]
    public async Task Too_many_at_once_are_told_to_come_back()
    {
        using var hashing = new PasswordHashing(1_000);
        var (places, waiting) = await FillAsync(hashing);
        Assert.Null(await hashing.EnterAsync(PasswordQueue.Strangers));
        Assert.Null(await hashing.HashAsync(Password, PasswordQueue.Strangers));
        places.ForEach(static place => place.Dispose());
        foreach (var one in waiting)
        {
            using var place = await one;
            Assert.Equal(PasswordCheck.Wrong, await place!.CheckAsync(null, Password));
        }

        using var free = await hashing.EnterAsync(PasswordQueue.Strangers);
        Assert.NotNull(free);
    }

    [Fact]
    public async Task However_many_want_to_sign_in_those_who_have_done_so_are_not_told_to_come_back()
    {
        using var hashing = new PasswordHashing(1_000);
        var (places, waiting) = await FillAsync(hashing);
        Assert.NotNull(await hashing.HashAsync(Password, PasswordQueue.SignedIn));
        Assert.All(waiting, static one => Assert.False(one.IsCompleted));
        places.ForEach(static place => place.Dispose());
    }

    [Fact]
    public async Task A_place_that_nobody_uses_is_somebody_elses_after_a_while()
    {
        var clock = new FakeTimeProvider();
        using var hashing = new PasswordHashing(1_000, clock);
        var (places, waiting) = await FillAsync(hashing);
        clock.Advance(PasswordPlace.TimeMax - TimeSpan.FromTicks(1));
        Assert.False(waiting[0].IsCompleted);
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.NotNull(await waiting[0]);

        // Whoever comes back to it finds it gone, and gives nothing back twice.
        Assert.Equal(PasswordCheck.Busy, await places[0].CheckAsync(null, Password));
        Assert.Null(await places[0].HashAsync(Password));
        places[0].Dispose();
        Assert.False(waiting[PasswordHashing.AtOnceMax].IsCompleted);
    }

    [Fact]
    public async Task A_place_is_good_for_one_password()
    {
        using var hashing = new PasswordHashing(1_000);
        using var place = await hashing.EnterAsync(PasswordQueue.Strangers);
        Assert.NotNull(await place!.HashAsync(Password));
        Assert.Null(await place.HashAsync(Password));
        Assert.Equal(PasswordCheck.Busy, await place.CheckAsync(null, Password));
    }

    // All places are taken, and all who may wait do.
    private static async Task<(List<PasswordPlace> Places, List<Task<PasswordPlace?>> Waiting)> FillAsync(PasswordHashing hashing)
    {
        List<PasswordPlace> places = [];
        for (var i = 0; i < PasswordHashing.AtOnceMax; i++)
        {
            places.Add((await hashing.EnterAsync(PasswordQueue.Strangers))!);
        }

        return (places, [.. Enumerable.Range(0, PasswordHashing.WaitingMax).Select(_ => hashing.EnterAsync(PasswordQueue.Strangers))]);
    }

    private static async Task<PasswordCheck> CheckAsync(PasswordHashing hashing, string? hash, string password)
    {
        using var place = await hashing.EnterAsync(PasswordQueue.Strangers);
        return await place!.CheckAsync(hash, password);
    }
}
