using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Skerry.Accounts.Tokens;

namespace Skerry.Server.Tests.Management;

/// <summary>By itself, since it makes this machine's address one that is slowed down.</summary>
public sealed class GuessingTests(RunningHost host) : IClassFixture<RunningHost>
{
    private const int AtOnce = 100;
    private const int PerSecond = 5;

    [Fact]
    public async Task Who_guesses_is_slowed_down_and_locks_out_nobody_whose_token_was_used_here()
    {
        using var random = RandomNumberGenerator.Create();
        using var owner = new ApiUser(host, host.Credentials.ApiToken!);
        Assert.Equal(HttpStatusCode.OK, (await owner.Get("accounts")).Status);

        // Each has a right checksum, and is another.
        var (let, slowed, begun) = (0, 0, Stopwatch.GetTimestamp());
        for (var i = 0; i < 6 * AtOnce; i++)
        {
            using var thief = new ApiUser(host, ApiToken.Create(TokenKind.Account, random).Reveal());
            using var answer = await thief.Send(HttpMethod.Get, "accounts");
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                slowed++;
                Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
            }
            else
            {
                let++;
                Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            }
        }

        Assert.InRange(let, 1, AtOnce + (PerSecond * (Stopwatch.GetElapsedTime(begun).TotalSeconds + 2)));
        Assert.True(slowed > 0);
        Assert.Equal(HttpStatusCode.OK, (await owner.Get("accounts")).Status);
    }
}
