using Skerry.Accounts.Users;

namespace Skerry.Accounts.Tests.Users;

public sealed class ChangeTurnTests
{
    private readonly ChangeTurn _turn = new();

    [Fact]
    public async Task One_change_is_made_at_a_time()
    {
        var hold = new TaskCompletionSource();
        var first = _turn.TryAsync(() => hold.Task);
        Assert.True(_turn.IsTaken);
        Assert.False(await _turn.TryAsync(() => throw new InvalidOperationException("It must not run.")));
        hold.SetResult();
        Assert.True(await first);
        Assert.False(_turn.IsTaken);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _turn.TryAsync(() => throw new InvalidOperationException("It runs.")));
        Assert.False(_turn.IsTaken);
    }

    [Fact]
    public async Task A_change_that_began_and_ended_between_two_looks_is_seen()
    {
        var mark = _turn.Mark();
        Assert.True(_turn.IsQuietSince(mark));
        Assert.True(await _turn.TryAsync(() => Task.CompletedTask));
        Assert.False(_turn.IsTaken);
        Assert.False(_turn.IsQuietSince(mark));
        Assert.True(_turn.IsQuietSince(_turn.Mark()));
    }

    [Fact]
    public async Task While_a_change_is_under_way_nothing_is_quiet()
    {
        var hold = new TaskCompletionSource();
        var first = _turn.TryAsync(() => hold.Task);
        Assert.False(_turn.IsQuietSince(_turn.Mark()));
        hold.SetResult();
        Assert.True(await first);
    }
}
