using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Skerry.Storage.Relay;
using Skerry.Storage.Tests.Log;

namespace Skerry.Storage.Tests.Relay;

/// <summary>
/// The store over real files, by chance: leaders that stream, stop, are sealed and forgotten, a disk that fails for a while,
/// and losses of power. What it has acknowledged it has to have afterwards, and nothing that nobody has sent.
/// </summary>
public sealed class FollowerStoreCrashTests
{
    [Fact]
    public async Task What_was_acknowledged_outlives_every_loss_of_power()
    {
        var (lost, torn, crashes) = (0, 0, 0);
        for (var seed = 1; seed <= 24; seed++)
        {
            await using var run = new Run(seed);
            for (var step = 0; step < 120; step++)
            {
                await run.StepAsync();
            }

            await run.RestartAsync(power: true);
            lost += run.Lost;
            torn += run.Torn;
            crashes += run.Crashes;
        }

        // Otherwise all this proves nothing.
        Assert.True(lost > 20 && torn > 0 && crashes > 60, $"{crashes} crashes lost {lost} writes and tore {torn}");
    }

    private sealed class Run(int seed) : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("skerry-follower-").FullName;
        private readonly FakeTimeProvider _time = new();
        private readonly Random _random = new(seed);
        private readonly List<Model> _models = [.. Enumerable.Range(1, 3).Select(static session => new Model(session))];
        private CrashingFiles _files = new();
        private FollowerStore? _store;
        private int _next = 4;

        public int Lost { get; private set; }

        public int Torn { get; private set; }

        public int Crashes { get; private set; }

        public async Task StepAsync()
        {
            _store ??= Open();
            var at = _random.Next(_models.Count);
            var model = _models[at];
            switch (_random.Next(20))
            {
                case < 9:
                    await model.SendAsync(_store, _random, _random.Next(1, 4));
                    break;
                case < 12:
                    await model.SettleAsync();
                    break;
                case < 14:
                    model.Upload(_random);
                    break;
                case 14:
                    await model.SealAsync(_store, _random.Next(1, 4));
                    break;
                case 15 when model.SealedBy > 0:
                    await ForgetAsync(model);
                    _models[at] = new Model(_next++);
                    break;
                case 16:
                    _files.Error = _random.Next(2) == 0 ? FaultyFiles.FullDisk() : FaultyFiles.BrokenDisk();
                    break;
                case 17:
                    _files.Error = null;
                    _time.Advance(TimeSpan.FromSeconds(_random.Next(1, 4)));
                    break;
                case 18:
                    await RestartAsync(power: true);
                    break;
                case 19:
                    await RestartAsync(power: false);
                    break;
            }
        }

        /// <summary>Loses power, or stops in good order; then everything is looked at.</summary>
        public async Task RestartAsync(bool power)
        {
            _store ??= Open();
            if (power && _random.Next(3) > 0)
            {
                // In the middle of something: with a batch written and not synced.
                _files.Error = null;
                var reached = _files.HoldSyncs();
                for (var tries = 0; tries < 20 && !reached.IsCompleted; tries++)
                {
                    // Those that are sealed have nothing to write.
                    await _models[_random.Next(_models.Count)].SendAsync(_store, _random, 2);
                    await Task.WhenAny(reached, Task.Delay(5));
                }
            }

            if (power)
            {
                _files.PowerOff();
            }
            else
            {
                _files.Error = null;
            }

            await _store.DisposeAsync();
            _models.ForEach(static model => model.Disconnected());
            if (power)
            {
                var (lost, torn) = _files.LoseUnsynced(_random);
                Lost += lost;
                Torn += torn;
                Crashes++;
            }

            _files = new CrashingFiles();
            _store = Open();
            Assert.Empty(_store.Damage);
            foreach (var model in _models)
            {
                await model.CheckAsync(_store, $"seed {seed}, restart {Crashes}");
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_store is not null)
            {
                await _store.DisposeAsync();
            }

            Directory.Delete(_folder, recursive: true);
        }

        private FollowerStore Open() => FollowerStore.Open(
            new FollowerStoreOptions { Folder = _folder, SegmentBytes = 64 << 10, Files = _files }, _time, NullLogger.Instance);

        private async Task ForgetAsync(Model model)
        {
            try
            {
                await _store!.ForgetAsync(model.Maker.Session, default);
            }
            catch (StorageException)
            {
            }
        }
    }

    /// <summary>A leader, and what the store owes it.</summary>
    private sealed class Model(int session) : IFollowerEvents
    {
        private readonly Lock _gate = new();
        private readonly List<Frame> _frames = [];
        private IFollowedSession? _stream;
        private ulong _sent;
        private ulong _uploaded;
        private ulong _acknowledged;
        private bool _ended;

        public FrameMaker Maker { get; } = new(session);

        /// <summary>The highest recovery epoch that the store has said is durable; 0 if none.</summary>
        public int SealedBy { get; private set; }

        public async Task SendAsync(FollowerStore store, Random random, int frames)
        {
            if (_stream is null || _ended)
            {
                _ended = false;
                _stream = store.Follow(Maker.Hello(_uploaded), this, out var held, out var sealedBy);
                Assert.True(_stream is null ? sealedBy >= SealedBy : SealedBy == 0, "a seal was forgotten");
                Assert.True(_stream is null || held >= _acknowledged, $"{held} of {_acknowledged} are held");
                _sent = held;
            }

            for (; frames > 0 && _stream is not null; frames--)
            {
                if (_frames is not [.., var last] || last.Last <= _sent)
                {
                    _frames.Add(Maker.Next(random.Next(1, 4), random.Next(20, 4_000)));
                }

                var frame = _frames.Find(frame => frame.Last > _sent);
                Assert.Equal(_sent + 1, frame.First);
                await _stream.AppendAsync(frame, 1);
                _sent = frame.Last;
            }
        }

        /// <summary>Waits until everything sent is acknowledged, or the stream has ended.</summary>
        public async Task SettleAsync()
        {
            while (_stream is not null && SealedBy == 0)
            {
                lock (_gate)
                {
                    if (_ended || _acknowledged >= _sent)
                    {
                        return;
                    }
                }

                await Task.Delay(1);
            }
        }

        /// <summary>Something of what is acknowledged is in the bucket by now.</summary>
        public void Upload(Random random)
        {
            if (_stream is not null && !_ended)
            {
                _uploaded += (ulong)random.NextInt64((long)(Acknowledges() - _uploaded) + 1);
                _stream.Heartbeat(1, _uploaded, _uploaded);
            }
        }

        public async Task SealAsync(FollowerStore store, int epoch)
        {
            try
            {
                var reply = await store.SealAsync(Maker.Session, epoch, default);
                SealedBy = Math.Max(SealedBy, epoch);
                Assert.True(Acknowledges() <= Math.Max(reply.Last, _uploaded), $"{reply.Last} of {Acknowledges()} are told");
            }
            catch (StorageException)
            {
                // The disk fails. Nothing is acknowledged any more, and that may last or not.
                _ended = true;
            }
        }

        public void Disconnected() => _stream = null;

        public async Task CheckAsync(FollowerStore store, string when)
        {
            var next = _uploaded + 1;
            await foreach (var frame in store.ReadFramesAsync(Maker.Session, next, default))
            {
                Assert.True(frame.First <= next && frame.Last >= next, $"{when}: record {next} is followed by frame {frame.First}–{frame.Last}");
                var sent = _frames.Find(sent => sent.First == frame.First);
                Assert.True(sent.Last == frame.Last && sent.Body.Span.SequenceEqual(frame.Body.Span), $"{when}: frame {frame.First}–{frame.Last} is not the one that was sent");
                next = frame.Last + 1;
            }

            Assert.True(next > _acknowledged, $"{when}: {next - 1} of {_acknowledged} acknowledged records of session {session} are there");
        }

        public void Acknowledged(ulong held, long sentAt)
        {
            lock (_gate)
            {
                _acknowledged = Math.Max(_acknowledged, held);
            }
        }

        public void Refused(int recoveryEpoch) => _ended = true;

        public void Ended(Exception? cause) => _ended = true;

        private ulong Acknowledges()
        {
            lock (_gate)
            {
                return _acknowledged;
            }
        }
    }
}
