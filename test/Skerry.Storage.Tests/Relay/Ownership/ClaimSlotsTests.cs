using Skerry.Storage.Relay.Ownership;

namespace Skerry.Storage.Tests.Relay.Ownership;

public sealed class ClaimSlotsTests
{
    [Fact]
    public void As_many_enter_at_once_as_there_are_slots()
    {
        var slots = new ClaimSlots(2);
        Assert.True(slots.EnterAsync(true, default).IsCompletedSuccessfully);
        Assert.True(slots.EnterAsync(false, default).IsCompletedSuccessfully);
        var third = slots.EnterAsync(true, default);
        Assert.False(third.IsCompleted);
        slots.Leave();
        Assert.True(third.IsCompletedSuccessfully);
    }

    [Fact]
    public void Those_that_somebody_waits_for_go_first_each_kind_in_its_order()
    {
        var slots = new ClaimSlots(1);
        _ = slots.EnterAsync(false, default);
        List<string> entered = [];
        foreach (var name in new[] { "b1", "r1", "b2", "r2" })
        {
            _ = EnterAsync(name);
        }

        for (var i = 0; i < 4; i++)
        {
            slots.Leave();
        }

        Assert.Equal(["r1", "r2", "b1", "b2"], entered);

        async Task EnterAsync(string name)
        {
            await slots.EnterAsync(name[0] == 'r', default);
            entered.Add(name);
        }
    }

    [Fact]
    public async Task Whoever_gives_up_costs_nobody_a_slot()
    {
        var slots = new ClaimSlots(1);
        _ = slots.EnterAsync(true, default);
        using var impatient = new CancellationTokenSource();
        var (given, patient) = (slots.EnterAsync(true, impatient.Token), slots.EnterAsync(true, default));
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        slots.Leave();
        await patient;
        slots.Leave();
        Assert.True(slots.EnterAsync(false, default).IsCompletedSuccessfully);
    }

    [Fact]
    public void Giving_up_when_the_slot_has_just_come_passes_it_on()
    {
        // One thread, as on the loop: the turn comes, and before it is taken the caller is cancelled.
        var loop = new Steps();
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(loop);
        try
        {
            var slots = new ClaimSlots(1);
            _ = slots.EnterAsync(true, default);
            using var cancel = new CancellationTokenSource();
            var first = slots.EnterAsync(true, cancel.Token);
            var second = slots.EnterAsync(true, default);
            cancel.Cancel();
            slots.Leave();
            loop.Run();
            Assert.True(first.IsCanceled || first.IsCompletedSuccessfully);
            if (first.IsCompletedSuccessfully)
            {
                slots.Leave();
                loop.Run();
            }

            Assert.True(second.IsCompletedSuccessfully);
            slots.Leave();
            Assert.True(slots.EnterAsync(false, default).IsCompletedSuccessfully);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    [Fact]
    public async Task No_order_of_things_loses_a_slot_or_makes_one()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            var random = new Random(seed);
            var free = random.Next(1, 4);
            var slots = new ClaimSlots(free);
            var (inside, waiting) = (0, new List<(Task Enter, CancellationTokenSource Cancel)>());
            for (var step = 0; step < 200; step++)
            {
                switch (random.Next(3))
                {
                    case 0:
                        var cancel = new CancellationTokenSource();
                        waiting.Add((slots.EnterAsync(random.Next(2) == 0, cancel.Token), cancel));
                        break;
                    case 1 when inside > 0:
                        inside--;
                        slots.Leave();
                        break;
                    case 2 when waiting.Count > 0:
                        await waiting[random.Next(waiting.Count)].Cancel.CancelAsync();
                        break;
                }

                inside += waiting.RemoveAll(static one => one.Enter.IsCompletedSuccessfully);
                waiting.RemoveAll(static one => one.Enter.IsCanceled);
                Assert.InRange(inside, 0, free);
                Assert.True(waiting.Count == 0 || inside == free, $"seed {seed}: {waiting.Count} wait, and {inside} of {free} are inside");
            }
        }
    }

    private sealed class Steps : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = [];

        public override void Post(SendOrPostCallback d, object? state) => _queue.Enqueue((d, state));

        public void Run()
        {
            while (_queue.TryDequeue(out var work))
            {
                work.Callback(work.State);
            }
        }
    }
}
