using CsCheck;
using Skerry.Objects.Loop;

namespace Skerry.Objects.Tests.Loop;

public sealed class GatePropertyTests
{
    [Fact]
    public void Waiters_pass_in_order_never_early_and_never_after_a_break() =>
        Gen.Int[0, 9].Array[1, 60].Sample(steps =>
        {
            var gate = new OutputGate(0);
            List<int> passed = [];
            List<(int Number, ulong Transaction)> waiting = [];
            ulong confirmed = 0;
            var broken = false;
            var made = 0;
            foreach (var step in steps)
            {
                switch (step)
                {
                    case <= 2 when !broken:
                        gate.Required++;
                        break;
                    case <= 6:
                        var number = made++;
                        var waiter = new Waiter(gate.Required, passed, number);
                        var kept = gate.TryWait(waiter);
                        Assert.Equal(broken || gate.Required > confirmed, kept);
                        Assert.Equal(broken, waiter.Failed);
                        if (kept && !broken)
                        {
                            waiting.Add((number, gate.Required));
                        }

                        break;
                    case <= 8:
                        confirmed = Math.Min(confirmed + (ulong)(step - 6), gate.Required);
                        var before = passed.Count;
                        gate.Confirm(confirmed);
                        var due = broken ? [] : waiting.Where(w => w.Transaction <= confirmed).Select(w => w.Number).ToArray();
                        Assert.Equal(due, passed.Skip(before));
                        waiting.RemoveAll(w => due.Contains(w.Number));
                        break;
                    default:
                        gate.Break(new InvalidOperationException());
                        broken = true;
                        waiting.Clear();
                        break;
                }

                Assert.Equal(!broken && confirmed >= gate.Required, gate.IsOpen);
            }
        });

    [Fact]
    public void What_comes_while_waiters_pass_goes_behind_them()
    {
        var gate = new OutputGate(0) { Required = 1 };
        List<int> passed = [];
        gate.TryWait(new Waiter(1, passed, 0)
        {
            Passing = () =>
            {
                Assert.False(gate.IsOpen);
                Assert.True(gate.TryWait(new Waiter(1, passed, 2)));
            },
        });
        gate.TryWait(new Waiter(1, passed, 1));
        gate.Confirm(1);
        Assert.Equal([0, 1, 2], passed);
        Assert.True(gate.IsOpen);
    }

    [Fact]
    public void Events_run_one_at_a_time_in_order_and_sections_admit_only_their_own() =>
        Gen.Select(Gen.Int[0, 3].Array[1, 12].Array[1, 12], Gen.UInt).Sample(schedule =>
        {
            var (calls, seed) = schedule;
            var owner = new Owner();
            var loop = new ObjectLoop(owner);
            var random = new Random((int)(seed & int.MaxValue));
            var inside = 0;
            var section = 0;
            List<int> begun = [];
            List<string> violations = [];
            var tasks = new List<Task>();
            for (var i = 0; i < calls.Length; i++)
            {
                var number = i;
                var script = calls[i];
                var yields = random.Next(3);
                var done = new TaskCompletionSource();
                tasks.Add(done.Task);
                loop.Enqueue(new LoopEvent(
                    loop.BaseContext,
                    _ =>
                    {
                        begun.Add(number);
                        _ = RunAsync();
                    },
                    null));

                async Task RunAsync()
                {
                    foreach (var step in script)
                    {
                        Check(0);
                        if (step == 0)
                        {
                            for (var y = 0; y <= yields; y++)
                            {
                                await Task.Yield();
                                Check(0);
                            }
                        }
                        else
                        {
                            await loop.EnterSection(TurnContext.Current!, async _ =>
                            {
                                section = number + 1;
                                for (var y = 0; y < step; y++)
                                {
                                    await Task.Yield();
                                    Check(number + 1);
                                }

                                section = 0;
                                return true;
                            });
                            Check(0);
                        }
                    }

                    done.SetResult();
                }

                void Check(int expected)
                {
                    if (Interlocked.Increment(ref inside) != 1)
                    {
                        violations.Add("two at a time");
                    }

                    if (section != expected)
                    {
                        violations.Add($"{number} ran while the section of {section - 1} was under way");
                    }

                    Interlocked.Decrement(ref inside);
                }
            }

            Assert.True(Task.WaitAll([.. tasks], TimeSpan.FromSeconds(30)), "the loop came to a halt");
            Assert.Empty(violations);
            Assert.Equal(Enumerable.Range(0, calls.Length), begun);
            Assert.False(owner.Overlapped);
        }, iter: 300, threads: 1);

    [Fact]
    public void A_closed_loop_runs_housekeeping_only()
    {
        var loop = new ObjectLoop(new Owner());
        var ran = false;
        using var kept = new ManualResetEventSlim();
        loop.Close();
        loop.Enqueue(new LoopEvent(loop.BaseContext, _ => ran = true, null));
        loop.Enqueue(new LoopEvent(loop.BaseContext, _ => kept.Set(), null, IgnoresGate: true));
        Assert.True(kept.Wait(TimeSpan.FromSeconds(30)));
        Assert.False(ran);
        Assert.False(loop.TryEnter());
    }

    private sealed class Waiter(ulong transaction, List<int> passed, int number) : IGateWaiter
    {
        public ulong Transaction { get; set; } = transaction;

        public bool Failed { get; private set; }

        public Action? Passing { get; init; }

        public void Pass()
        {
            Passing?.Invoke();
            passed.Add(number);
        }

        public void Fail(Exception error) => Failed = true;
    }

    private sealed class Owner : ILoopOwner
    {
        private int _turns;

        public bool Overlapped { get; private set; }

        public void TurnBegan() => Overlapped |= Interlocked.Increment(ref _turns) != 1;

        public void TurnEnded() => Interlocked.Decrement(ref _turns);

        public bool MayLeave() => true;

        public void Leave(IGateWaiter waiter) => waiter.Pass();

        public void Faulted(Exception error) => throw new InvalidOperationException("faulted", error);
    }
}
