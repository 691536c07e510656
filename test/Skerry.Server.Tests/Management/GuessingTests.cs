using System.Net;

namespace Skerry.Server.Tests.Management;

/// <summary>By itself, since it makes this machine's address one that is slowed down.</summary>
public sealed class GuessingTests(RunningHost host) : IClassFixture<RunningHost>
{
    [Fact]
    public async Task Who_guesses_is_slowed_down_and_locks_out_nobody_whose_token_is_in_use()
    {
        using var owner = new ApiUser(host, host.Credentials.ApiToken!);
        Assert.Equal(HttpStatusCode.OK, (await owner.Get("accounts")).Status);
        using var thief = new ApiUser(host, "ska_" + new string('0', 46));
        HttpResponseMessage? last = null;
        for (var i = 0; i < 2000 && last?.StatusCode != HttpStatusCode.TooManyRequests; i++)
        {
            last?.Dispose();
            last = await thief.Send(HttpMethod.Get, "accounts");
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, last!.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), last.Headers.RetryAfter!.Delta);
        last.Dispose();
        Assert.Equal(HttpStatusCode.OK, (await owner.Get("accounts")).Status);
    }
}
