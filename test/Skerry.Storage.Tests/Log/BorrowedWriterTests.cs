using Microsoft.Extensions.Logging.Abstractions;
using Skerry.Storage.Log;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Log;

/// <summary>Threads that do the sleeping writer's work: nothing waits for a wake-up that does not come, and no two write at once.</summary>
public sealed class BorrowedWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skerry-borrowed-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_writer_that_waits_for_room_hears_of_the_room_that_somebody_else_has_made()
    {
        var relay = new Decider();
        var log = NodeLog.OpenSpool(new NodeLogOptions { Folder = _folder, Synced = false, BatchesInFlightMax = 1 }, relay, TimeProvider.System, NullLogger.Instance);
        var stream = new LogStream(new ObjectKey("x", default), default);
        var txid = 0UL;
        for (var round = 0; round < 500; round++)
        {
            // The first fills the room, so the writer waits for it, whether or not it has seen the second.
            var first = Append();
            await relay.HasAppended(++relay.Expected);
            if (round % 2 == 0)
            {
                await Task.Yield();
            }

            // Decided on this thread if the writer sleeps by now. Nobody nudges afterwards.
            relay.DecideAll();
            await first.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        }

        await log.DisposeAsync();

        Task Append()
        {
            var request = new Request { Stream = stream, Epoch = 1, Txid = ++txid, Payload = new byte[100] };
            log.Append(request);
            return request.Done;
        }
    }

    [Fact]
    public async Task Many_threads_that_write_for_themselves_lose_nothing_and_keep_the_order_of_each()
    {
        await using var log = NodeLog.Open(new NodeLogOptions { Folder = _folder }, default, TimeProvider.System, NullLogger.Instance, static _ => { });
        const int Threads = 6, Each = 300;
        var writing = 0;
        var tasks = Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                var stream = new LogStream(new ObjectKey("x", new Id256([.. Enumerable.Repeat((byte)thread, Id256.Size)])), default);
                var done = new List<Request>();
                for (var i = 1; i <= Each; i++)
                {
                    var request = new Request
                    {
                        Stream = stream,
                        Epoch = 1,
                        Txid = (ulong)i,
                        Payload = new byte[50],
                        OnDone = () =>
                        {
                            // Outcomes are told by one thread at a time, whichever it is.
                            Assert.Equal(1, Interlocked.Increment(ref writing));
                            Interlocked.Decrement(ref writing);
                        },
                    };
                    done.Add(request);
                    if ((i + thread) % 3 == 0)
                    {
                        log.Append(request);
                    }
                    else if (log.AppendOrBorrow(request))
                    {
                        log.WriteBorrowed();
                        Assert.True(request.Done.IsCompletedSuccessfully);
                    }
                }

                return done;
            },
            Cancel,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();
        foreach (var requests in await Task.WhenAll(tasks))
        {
            await Task.WhenAll(requests.Select(static one => one.Done)).WaitAsync(TimeSpan.FromSeconds(60), Cancel);
            Assert.Equal(requests.Select(static one => one.At), requests.Select(static one => one.At).Order());
        }

        Assert.Equal(Threads * Each, log.Records);
    }

    private sealed class Request : AppendRequest
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Done => _done.Task;

        public Action OnDone { get; init; } = static () => { };

        public LogPosition At { get; private set; }

        protected internal override void OnConfirmed(LogPosition position)
        {
            At = position;
            OnDone();
            _done.SetResult();
        }

        protected internal override void OnFailed(StorageException error) => _done.SetException(error);
    }

    /// <summary>Confirms what is in the spool when it is told to, as followers' acknowledgements do.</summary>
    private sealed class Decider : ILogRelay
    {
        private readonly Lock _gate = new();
        private ILogLeaderEffects? _decisions;
        private Action<bool>? _nudge;
        private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ulong _appended;
        private ulong _allowed;
        private ulong _decided;

        public ulong Expected { get; set; }

        public void Attach(ILogLeaderEffects decisions, Action<bool> nudge) => (_decisions, _nudge) = (decisions, nudge);

        public void Appended(in Frame frame)
        {
            lock (_gate)
            {
                _appended = frame.Last;
                _grown.TrySetResult();
                _grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public void Run()
        {
            ulong to;
            lock (_gate)
            {
                to = Math.Min(_allowed, _appended);
            }

            if (to > _decided)
            {
                var first = _decided + 1;
                _decided = to;
                _decisions!.Confirmed(first, to);
            }
        }

        public void DecideAll()
        {
            lock (_gate)
            {
                _allowed = _appended;
            }

            _nudge!(true);
        }

        public async Task HasAppended(ulong sequence)
        {
            while (true)
            {
                Task grown;
                lock (_gate)
                {
                    if (_appended >= sequence)
                    {
                        return;
                    }

                    grown = _grown.Task;
                }

                await grown.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
            }
        }
    }
}
