using CsCheck;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Tests.Relay;

public sealed class FollowedLogTests
{
    [Fact]
    public void What_is_acknowledged_is_there_without_gaps_whatever_happens() =>
        Gen.Select(Gen.Int[0, 99], Gen.Int[0, 9]).Array[0, 100].Sample(steps => new Model().Play(steps), iter: 5_000);

    /// <summary>Frames of one record; a disk that may lose what is on its way, and restarts that read what it has.</summary>
    private sealed class Model
    {
        private readonly Queue<(ulong Record, bool StartsAnew, int Stream)> _onTheWay = [];
        private readonly List<(ulong Record, bool StartsAnew)> _disk = [];
        private readonly HashSet<ulong> _bucket = [];
        private FollowedLog _log = new(new SessionId(1), 1_000);
        private int _stream;
        private bool _open;
        private int? _seal;
        private ulong _acknowledged;
        private ulong _next = 1;

        public void Play((int Kind, int Amount)[] steps)
        {
            foreach (var (kind, amount) in steps)
            {
                Step(kind, (ulong)amount);
                Check();
            }
        }

        private void Step(int kind, ulong amount)
        {
            switch (kind)
            {
                case < 10 when !_open:
                    // The bucket has nothing that was not confirmed, that is, that nobody has acknowledged; others have.
                    _open = _log.Hello((ulong)_bucket.Count);
                    _stream++;
                    _next = _log.Held + 1;
                    break;
                case < 45 when _open:
                    var record = _next + (amount > 8 ? 1ul : 0);
                    var verdict = _log.Offer(record, record, out var startsAnew);
                    Assert.Equal(_seal is not null, verdict == FrameVerdict.Sealed);
                    switch (verdict)
                    {
                        case FrameVerdict.Accept:
                            Assert.True(IsKnown(record - 1));
                            _onTheWay.Enqueue((record, startsAnew, _stream));
                            _next = record + 1;
                            break;
                        case FrameVerdict.Duplicate:
                            Assert.True(IsKnown(record));
                            _next = record + 1;
                            break;
                        case FrameVerdict.Gap:
                            Assert.False(_onTheWay.Any(frame => frame.Record == record - 1 && frame.Stream == _stream) || record - 1 <= _log.Held);
                            break;
                    }

                    break;
                case < 75 when _onTheWay.TryDequeue(out var stored):
                    _disk.Add((stored.Record, stored.StartsAnew));
                    if (_log.Persisted(stored.Record, stored.Record))
                    {
                        _acknowledged = Math.Max(_acknowledged, _log.Held);
                    }

                    break;
                case < 80 when _onTheWay.TryDequeue(out var lost):
                    // Nothing more of that stream reaches the disk.
                    var rest = _onTheWay.Where(frame => frame.Stream != lost.Stream).ToArray();
                    _onTheWay.Clear();
                    foreach (var frame in rest)
                    {
                        _onTheWay.Enqueue(frame);
                    }

                    if (_open && lost.Stream == _stream)
                    {
                        _log.NotPersisted();
                        _open = false;
                    }

                    break;
                case < 85:
                    _open = false;
                    break;
                case < 90:
                    // Some of what others have confirmed comes into the bucket.
                    for (var i = 0ul; i < amount; i++)
                    {
                        _bucket.Add((ulong)_bucket.Count + 1);
                    }

                    break;
                case < 97:
                    Restart();
                    break;
                case 97:
                    _seal = Math.Max(_seal ?? 0, (int)amount);
                    _log.Seal((int)amount);
                    Assert.Equal(_seal, _log.SealedBy);
                    break;
            }
        }

        private bool IsKnown(ulong record) => record <= _log.Held || _onTheWay.Any(frame => frame.Record == record);

        private void Restart()
        {
            _open = false;
            _onTheWay.Clear();
            _log = new FollowedLog(new SessionId(1), 1_000);
            foreach (var (record, startsAnew) in _disk)
            {
                _log.Restored(record, record, startsAnew);
            }

            if (_seal is { } epoch)
            {
                _log.Seal(epoch);
            }
        }

        private void Check()
        {
            // Everything acknowledged is here or in the bucket, and so is everything that is said to be held.
            for (var record = 1ul; record <= Math.Max(_acknowledged, _log.Held); record++)
            {
                Assert.True(_bucket.Contains(record) || _disk.Exists(frame => frame.Record == record));
            }

            if (_log.First != 0)
            {
                for (var record = _log.First; record <= _log.Last; record++)
                {
                    Assert.Contains(_disk, frame => frame.Record == record);
                }
            }

            // What a takeover gets from here and the bucket joins up, and contains everything acknowledged.
            Assert.True(_log.First <= (ulong)_bucket.Count + 1);
            Assert.True(Math.Max(_log.Last, (ulong)_bucket.Count) >= _acknowledged);
        }
    }
}
