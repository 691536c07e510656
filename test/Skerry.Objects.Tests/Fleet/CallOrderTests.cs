using Microsoft.Extensions.Time.Testing;
using Skerry.Objects.Fleet;
using Skerry.Objects.Tests.Hosting;

namespace Skerry.Objects.Tests.Fleet;

public sealed class CallOrderTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Guid _stub = Guid.NewGuid();
    private readonly List<long> _taken = [];
    private readonly CallOrder _order;

    public CallOrderTests() => _order = new CallOrder(_time);

    [Fact]
    public async Task Calls_that_overtook_wait_for_those_before_them()
    {
        var third = Take(3, follows: 2);
        var second = Take(2, follows: 1);
        Assert.Empty(_taken);
        Assert.True(await Take(1, follows: 0));
        Assert.True(await second.WaitAsync(TestNode.Bound));
        Assert.True(await third.WaitAsync(TestNode.Bound));
        Assert.Equal([1, 2, 3], _taken);
    }

    [Fact]
    public async Task Stubs_do_not_wait_for_each_other()
    {
        var waiting = Take(2, follows: 1);
        Assert.True(await _order.TakeAsync(Guid.NewGuid(), 7, 0, static _ => true));
        Assert.False(waiting.IsCompleted);
        Assert.True(await Take(1, follows: 0));
        Assert.True(await waiting.WaitAsync(TestNode.Bound));
    }

    [Fact]
    public async Task A_call_whose_predecessor_got_lost_is_taken_in_after_a_while_and_the_lost_one_never()
    {
        var second = Take(2, follows: 1);
        var third = Take(3, follows: 2);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.True(await second.WaitAsync(TestNode.Bound));
        Assert.True(await third.WaitAsync(TestNode.Bound));
        Assert.False(await Take(1, follows: 0));
        Assert.Equal([2, 3], _taken);
    }

    [Fact]
    public async Task A_call_that_misses_its_object_hears_which_was_the_last_to_arrive()
    {
        long? last = null;
        Assert.True(await Take(1, follows: 0));
        Assert.True(await _order.TakeAsync(_stub, 2, 1, arrived =>
        {
            last = arrived;
            return false;
        }));
        Assert.Equal(1, last);
        Assert.True(await _order.TakeAsync(_stub, 3, 2, arrived =>
        {
            last = arrived;
            return false;
        }));
        Assert.Equal(1, last);
    }

    [Fact]
    public async Task What_is_known_of_a_stub_lasts_as_long_as_senders_count_on()
    {
        Assert.True(await Take(1, follows: 0));
        _time.Advance(CallOrder.Kept);
        Assert.True(await Take(2, follows: 1).WaitAsync(TestNode.Bound));
    }

    private Task<bool> Take(long number, long follows) => _order.TakeAsync(_stub, number, follows, _ =>
    {
        _taken.Add(number);
        return true;
    });
}
