using Skerry.Objects.Loop;
using Skerry.Objects.Tests.Hosting;
using Skerry.Storage;
using Skerry.Storage.Relay;

namespace Skerry.Objects.Tests.Loop;

/// <summary>What leaves an object that another node could have by now needs a proof that it has not.</summary>
public sealed class ClaimedGateTests
{
    private readonly Claim _claim = new();
    private readonly OutputGate _gate = new(0);
    private Exception? _lost;

    public ClaimedGateTests() => _gate.Hold(_claim, e =>
    {
        _lost = e;
        _gate.Break(e);
    });

    [Fact]
    public void While_the_lease_holds_nothing_waits()
    {
        Assert.True(_gate.IsOpen);
        Assert.False(_gate.TryWait(new Waiter()));
        Assert.Equal(0, _claim.Asked);
    }

    [Fact]
    public async Task Without_it_everything_waits_in_order_until_the_claim_says_yes()
    {
        _claim.Holds = false;
        Assert.False(_gate.IsOpen);
        Waiter[] waiters = [new(), new(), new()];
        Assert.All(waiters, w => Assert.True(_gate.TryWait(w)));
        Assert.All(waiters, static w => Assert.False(w.Passed.Task.IsCompleted));
        _claim.Holds = true;
        _claim.Answer();
        await Task.WhenAll(waiters.Select(static w => w.Passed.Task)).WaitAsync(TestNode.Bound);
        await TestNode.Until(() => _gate.IsOpen);
    }

    [Fact]
    public async Task An_answer_that_was_found_after_the_question_needs_another_one()
    {
        // An object that nobody owns: each answer has to be asked for by itself.
        _claim.Holds = false;
        var first = new Waiter();
        Assert.True(_gate.TryWait(first));
        await TestNode.Until(() => _claim.Asked == 1);
        var second = new Waiter();
        Assert.True(_gate.TryWait(second));
        _claim.Answer();
        await first.Passed.Task.WaitAsync(TestNode.Bound);
        await TestNode.Until(() => _claim.Asked == 2);
        Assert.False(second.Passed.Task.IsCompleted);
        _claim.Answer();
        await second.Passed.Task.WaitAsync(TestNode.Bound);
    }

    [Fact]
    public async Task A_record_written_after_the_code_ran_is_a_proof_and_an_older_one_is_not()
    {
        _gate.Written(1);
        _gate.Required = 1;
        _claim.Holds = false;

        // It waits for transaction 1, which was written before its code ran: its confirmation may be old news.
        var read = new Waiter { Transaction = 1 };
        Assert.True(_gate.TryWait(read));
        _gate.Confirm(1);
        Assert.False(read.Passed.Task.IsCompleted);

        var write = new Waiter { Transaction = 2 };
        _gate.Written(2);
        Assert.True(_gate.TryWait(write, writtenAfter: true));
        _gate.Confirm(2);
        await Task.WhenAll(read.Passed.Task, write.Passed.Task).WaitAsync(TestNode.Bound);
    }

    [Fact]
    public async Task A_claim_that_is_lost_breaks_the_gate()
    {
        _claim.Holds = false;
        var waiter = new Waiter();
        Assert.True(_gate.TryWait(waiter));
        _claim.Lose(new ClaimException("sealed"));
        await Assert.ThrowsAsync<ClaimException>(() => waiter.Passed.Task.WaitAsync(TestNode.Bound));
        Assert.IsType<ClaimException>(_lost);
    }

    private sealed class Waiter : IGateWaiter
    {
        public TaskCompletionSource Passed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ulong Transaction { get; set; }

        public void Pass() => Passed.SetResult();

        public void Fail(Exception error) => Passed.SetException(error);
    }

    private sealed class Claim : IObjectClaim
    {
        private TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Asked;

        public bool Holds { get; set; } = true;

        public bool MayAnswer => Holds;

        public ValueTask WhenMayAnswerAsync(CancellationToken cancel)
        {
            Interlocked.Increment(ref Asked);
            return new(Volatile.Read(ref _answer).Task.WaitAsync(cancel));
        }

        public void Answer() => Interlocked.Exchange(ref _answer, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

        public void Lose(Exception error) => _answer.SetException(error);

        public void Dispose()
        {
        }
    }
}
