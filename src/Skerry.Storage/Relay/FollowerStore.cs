using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Skerry.Storage.Log;

namespace Skerry.Storage.Relay;

/// <summary>
/// What a node stores for the leaders that it follows: one log for all of them, so that one sync serves all frames that
/// wait. Thread-safe.
/// <para>
/// Frames are kept until the leader says that they are in the bucket; seals are kept for good. Files are removed when
/// nothing in them is needed; seals move on to newer files.
/// </para>
/// </summary>
public sealed class FollowerStore : IAsyncDisposable
{
    // The segment that is written, the one that is prepared, and what the frames of ten seconds fill: enough that a file
    // that is removed is nearly always the next one to be needed.
    private const int SparesMax = 4;

    // A reading thread that syncs does not hear its leader's heartbeats. While the disk is slower than this, it does not.
    private static readonly TimeSpan SyncMax = TimeSpan.FromMilliseconds(20);

    private readonly FollowerStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly NodeLog _log;
    private readonly Dictionary<SessionId, FollowedSession> _sessions = [];
    private readonly PendingBytes _pending;
    private readonly LogStream _seals = new(FollowerRecord.KeyOf(FollowerRecord.SealName, default), default);
    private readonly long _startedAt;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _trimming;
    private ulong _streams;
    private uint _sealsFrom = uint.MaxValue;
    private int _disposed;

    private FollowerStore(FollowerStoreOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _startedAt = time.GetTimestamp();
        _pending = new PendingBytes(options.PendingBytesMax);
        _log = NodeLog.Open(
            new NodeLogOptions { Folder = options.Folder, SegmentBytes = options.SegmentBytes, SparesMax = SparesMax, Files = options.Files },
            default,
            time,
            logger,
            Restore);
        _trimming = TrimAsync();
    }

    /// <summary>What of the store's own files was found damaged. Frames that are lost count as not held.</summary>
    public IReadOnlyList<LogDamage> Damage => _log.Damage;

    /// <summary>The store's log, for its figures.</summary>
    public NodeLog Log => _log;

    /// <summary>Why nothing can be stored now; null if it can.</summary>
    public StorageException? Trouble => _log.Trouble;

    /// <summary>Bytes of frames that are held and not in the bucket yet, by session; sessions of which nothing is held are left out.</summary>
    public IReadOnlyList<(SessionId Session, ulong First, ulong Last, int? SealedBy)> Sessions
    {
        get
        {
            var held = new List<(SessionId, ulong, ulong, int?)>();
            foreach (var session in All())
            {
                lock (session.Gate)
                {
                    if (session.State.First != 0)
                    {
                        held.Add((session.State.Session, session.State.First, session.State.Last, session.State.SealedBy));
                    }
                }
            }

            return held;
        }
    }

    /// <summary>Opens the store, and reads what it holds.</summary>
    /// <exception cref="StorageException">The folder cannot be read or written, or is of a newer version.</exception>
    public static FollowerStore Open(FollowerStoreOptions options, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        return new FollowerStore(options, time, logger);
    }

    /// <inheritdoc cref="IRelayService.Follow"/>
    public IFollowedSession? Follow(FollowHello hello, IFollowerEvents leader, out ulong held, out int sealedBy)
    {
        ArgumentNullException.ThrowIfNull(leader);
        FollowedStream? old;
        FollowedStream stream;
        var session = Enter(hello.Leader.Session);
        try
        {
            if (!session.State.Hello(hello.UploadedTo))
            {
                (held, sealedBy) = (session.State.Held, session.State.SealedBy ?? 0);
                return null;
            }

            session.DropUploaded();
            old = session.Stream;
            session.Stream = stream = new FollowedStream(this, session, leader, Interlocked.Increment(ref _streams));
            (held, sealedBy) = (session.State.Held, 0);
        }
        finally
        {
            session.Gate.Exit();
        }

        old?.Leader.Ended(null);
        return stream;
    }

    /// <inheritdoc cref="IRelayTransport.SealAsync"/>
    /// <exception cref="StorageException">The seal could not be made durable; the session is not acknowledged any more all the same.</exception>
    public async Task<SealReply> SealAsync(SessionId id, int recoveryEpoch, CancellationToken cancel)
    {
        // 1. From here on nothing is acknowledged.
        FollowedStream? stream;
        Task durable = Task.CompletedTask;
        var session = Enter(id);
        try
        {
            session.State.Seal(recoveryEpoch);
            stream = session.Stream;
            session.Stream = null;
            if (session.DurableSeal is not { } known || known < recoveryEpoch)
            {
                // 2. The seal follows every frame that was accepted: when it is durable, they are, or never will be.
                var seal = new byte[FollowerRecord.SealBytes];
                FollowerRecord.WriteSeal(seal, id, recoveryEpoch);
                durable = AppendSeals(seal);
            }
        }
        finally
        {
            session.Gate.Exit();
        }

        stream?.Leader.Refused(recoveryEpoch);
        await durable.WaitAsync(cancel).ConfigureAwait(false);
        lock (session.Gate)
        {
            session.DurableSeal = Math.Max(session.DurableSeal ?? 0, recoveryEpoch);
            return new SealReply(session.State.First, session.State.Last, _time.GetElapsedTime(0, session.State.LeaseLeft(_time.GetTimestamp())));
        }
    }

    /// <inheritdoc cref="IRelayTransport.ReadFramesAsync"/>
    public async IAsyncEnumerable<Frame> ReadFramesAsync(SessionId id, ulong from, [EnumeratorCancellation] CancellationToken cancel)
    {
        StoredFrame[] frames;
        var session = Get(id);
        lock (session.Gate)
        {
            frames = [.. session.Frames.Where(frame => frame.Last >= from)];
        }

        foreach (var frame in frames)
        {
            // Off the caller's thread: it may be one that must not wait for a disk.
            var entry = await Task.Run(() => _log.Read(frame.Position), cancel).ConfigureAwait(false);
            yield return FollowerRecord.FrameOf(entry.Payload, out _);
        }
    }

    /// <inheritdoc cref="IRelayTransport.ForgetAsync"/>
    /// <exception cref="StorageException">It could not be made durable; the frames may be back after a restart.</exception>
    public async Task ForgetAsync(SessionId id, CancellationToken cancel)
    {
        StoreRequest request;
        var session = Enter(id);
        try
        {
            session.State.Forget();
            session.Frames.Clear();
            request = new StoreRequest
            {
                Stream = new LogStream(FollowerRecord.KeyOf(FollowerRecord.ForgetName, id), default),
                Epoch = Interlocked.Increment(ref _streams),
                TimestampMs = _time.GetUtcNow().ToUnixTimeMilliseconds(),
            };
            _log.Append(request);
        }
        finally
        {
            session.Gate.Exit();
        }

        await request.Outcome.WaitAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>Ends all streams, and closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _trimming.ConfigureAwait(false);
        foreach (var session in All())
        {
            FollowedStream? stream;
            lock (session.Gate)
            {
                stream = session.Stream;
                session.Stream = null;
            }

            stream?.Leader.Ended(null);
        }

        await _log.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    internal ValueTask Append(FollowedStream stream, in Frame frame, long sentAt, bool mayWrite)
    {
        StorageException? broken = null;
        try
        {
            FrameReader.Verify(frame);
        }
        catch (StorageDamagedException error)
        {
            broken = error;
        }

        ulong? acknowledge = null;
        var writes = false;
        var session = stream.Session;
        lock (session.Gate)
        {
            if (session.Stream != stream)
            {
                return ValueTask.CompletedTask;
            }

            var startsAnew = false;
            switch (broken is null ? session.State.Offer(frame.First, frame.Last, out startsAnew) : FrameVerdict.Gap)
            {
                case FrameVerdict.Accept:
                    writes = Store(stream, frame, sentAt, startsAnew, mayWrite);
                    break;
                case FrameVerdict.Duplicate:
                    // What is still on its way to the disk is acknowledged when it is there.
                    if (frame.Last <= session.State.Held && session.State.Grant(_time.GetTimestamp()))
                    {
                        acknowledge = session.State.Held;
                    }

                    break;
                case FrameVerdict.Gap:
                    broken ??= new StorageException($"Frame {frame.First}–{frame.Last} does not follow record {session.State.Held}.");
                    session.Stream = null;
                    break;
            }
        }

        if (writes)
        {
            _log.WriteBorrowed();
        }
        else if (broken is not null)
        {
            stream.Leader.Ended(broken);
        }
        else if (acknowledge is { } held)
        {
            stream.Leader.Acknowledged(held, sentAt);
        }

        return _pending.WaitForRoom();
    }

    /// <returns>Whether the caller has to write.</returns>
    private bool Store(FollowedStream stream, in Frame frame, long sentAt, bool startsAnew, bool mayWrite)
    {
        _pending.Add(frame.Body.Length);
        var request = new FrameRequest(this, stream, frame, sentAt)
        {
            Stream = stream.Session.Chain,
            Epoch = stream.Number,
            Txid = frame.Last,
            TimestampMs = _time.GetUtcNow().ToUnixTimeMilliseconds(),
            Preamble = FollowerRecord.Preamble(frame, startsAnew),
            Payload = frame.Body,
        };
        if (mayWrite && _log.LastSyncDuration < SyncMax)
        {
            return _log.AppendOrBorrow(request);
        }

        _log.Append(request);
        return false;
    }

    internal void Heartbeat(FollowedStream stream, long sentAt, ulong uploaded)
    {
        var session = stream.Session;
        ulong held;
        lock (session.Gate)
        {
            if (session.Stream != stream || !session.State.Grant(_time.GetTimestamp()))
            {
                return;
            }

            if (session.State.Uploaded(uploaded))
            {
                session.DropUploaded();
            }

            held = session.State.Held;
        }

        stream.Leader.Acknowledged(held, sentAt);
    }

    internal void End(FollowedStream stream)
    {
        lock (stream.Session.Gate)
        {
            if (stream.Session.Stream == stream)
            {
                stream.Session.Stream = null;
            }
        }
    }

    private void Persisted(FrameRequest request, LogPosition position)
    {
        _pending.Remove(request.Bytes);
        var session = request.From.Session;
        FollowedStream? answerer = null;
        ulong held;
        lock (session.Gate)
        {
            session.Keep(request.First, request.Last, position);
            if (session.State.Persisted(request.First, request.Last) && session.Stream is { } open && session.State.Grant(_time.GetTimestamp()))
            {
                answerer = open;
            }

            held = session.State.Held;
        }

        answerer?.Leader.Acknowledged(held, request.SentAt);
    }

    private void NotPersisted(FrameRequest request, StorageException error)
    {
        _pending.Remove(request.Bytes);
        var session = request.From.Session;
        lock (session.Gate)
        {
            if (session.Stream != request.From)
            {
                return;
            }

            session.State.NotPersisted();
            session.Stream = null;
        }

        request.From.Leader.Ended(error);
    }

    private Task AppendSeals(byte[] seals)
    {
        var request = new StoreRequest
        {
            Stream = _seals,
            Epoch = Interlocked.Increment(ref _streams),
            TimestampMs = _time.GetUtcNow().ToUnixTimeMilliseconds(),
            Payload = seals,
            Confirmed = position => Interlocked.CompareExchange(ref _sealsFrom, position.Segment, uint.MaxValue),
        };
        _log.Append(request);
        return request.Outcome;
    }

    private FollowedSession Get(SessionId id)
    {
        lock (_sessions)
        {
            if (!_sessions.TryGetValue(id, out var session))
            {
                var state = new FollowedLog(id, (long)(_options.LeaseDuration.TotalSeconds * _time.TimestampFrequency));
                state.AssumeLease(_startedAt);
                _sessions.Add(id, session = new FollowedSession(state));
            }

            return session;
        }
    }

    private FollowedSession[] All()
    {
        lock (_sessions)
        {
            return [.. _sessions.Values];
        }
    }

    private void Restore(LogEntry entry)
    {
        switch (entry.Header.Key.Namespace)
        {
            case FollowerRecord.FrameName:
                var session = Get(FollowerRecord.SessionOf(entry.Header.Key));
                var frame = FollowerRecord.FrameOf(entry.Payload, out var startsAnew);
                if (session.State.Restored(frame.First, frame.Last, startsAnew))
                {
                    session.DropUploaded();
                    session.Keep(frame.First, frame.Last, entry.Position);
                }

                break;
            case FollowerRecord.SealName:
                for (var at = 0; at + FollowerRecord.SealBytes <= entry.Payload.Length; at += FollowerRecord.SealBytes)
                {
                    var (id, epoch) = FollowerRecord.ReadSeal(entry.Payload.Span[at..]);
                    var target = Get(id);
                    target.State.Seal(epoch);
                    target.DurableSeal = target.State.SealedBy;
                }

                _sealsFrom = Math.Min(_sealsFrom, entry.Position.Segment);
                break;
            case FollowerRecord.ForgetName:
                var forgotten = Get(FollowerRecord.SessionOf(entry.Header.Key));
                forgotten.State.Forget();
                forgotten.Frames.Clear();
                break;
        }
    }

    private async Task TrimAsync()
    {
        using var timer = new PeriodicTimer(_options.TrimEvery, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                try
                {
                    await TrimOnceAsync().ConfigureAwait(false);
                }
                catch (StorageException error)
                {
                    // The files stay; the next round tries again.
                    FollowerStoreMessages.TrimFailed(_logger, _options.Folder, error);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task TrimOnceAsync()
    {
        // 1. Everything before the confirmed end is in the sessions' lists; what comes later is in later segments.
        var keep = _log.ConfirmedEnd.Segment;
        var seals = new List<byte[]>();
        foreach (var session in All())
        {
            lock (session.Gate)
            {
                if (session.Frames.Count > 0)
                {
                    keep = Math.Min(keep, session.Frames[0].Position.Segment);
                }

                // One that is not durable yet may become so sooner this way; that does no harm.
                if (session.State.SealedBy is { } epoch)
                {
                    var seal = new byte[FollowerRecord.SealBytes];
                    FollowerRecord.WriteSeal(seal, session.State.Session, epoch);
                    seals.Add(seal);
                }
            }
        }

        if (keep <= _log.FirstSegment)
        {
            Forget();
            return;
        }

        // 2. Seals move on before their segment goes.
        if (Volatile.Read(ref _sealsFrom) < keep)
        {
            await AppendSeals([.. seals.SelectMany(static seal => seal)]).ConfigureAwait(false);

            // A seal that came meanwhile is behind what was confirmed at the beginning.
            Volatile.Write(ref _sealsFrom, keep);
        }

        // 3. Nothing refers to what is before.
        _log.RemoveSegmentsBefore(keep);
        Forget();
    }

    /// <summary>A session, with its lock held: between looking it up and taking the lock it may have been dropped as unused.</summary>
    private FollowedSession Enter(SessionId id)
    {
        while (true)
        {
            var session = Get(id);
            session.Gate.Enter();
            if (!session.IsGone)
            {
                return session;
            }

            session.Gate.Exit();
        }
    }

    /// <summary>Drops the sessions of which there is nothing to know any more.</summary>
    private void Forget()
    {
        lock (_sessions)
        {
            foreach (var (id, session) in _sessions)
            {
                lock (session.Gate)
                {
                    if (session.Stream is null
                        && session.Frames.Count == 0
                        && session.State.SealedBy is null
                        && session.State.Held <= session.State.UploadedTo
                        && session.State.LeaseLeft(_time.GetTimestamp()) == 0)
                    {
                        session.IsGone = true;
                        _sessions.Remove(id);
                    }
                }
            }
        }
    }

    private class StoreRequest : AppendRequest
    {
        private readonly TaskCompletionSource _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Outcome => _outcome.Task;

        public Action<LogPosition>? Confirmed { get; init; }

        protected internal override void OnConfirmed(LogPosition position)
        {
            Confirmed?.Invoke(position);
            _outcome.SetResult();
        }

        protected internal override void OnFailed(StorageException error) => _outcome.SetException(error);
    }

    private sealed class FrameRequest(FollowerStore store, FollowedStream from, in Frame frame, long sentAt) : AppendRequest
    {
        public FollowedStream From { get; } = from;

        public ulong First { get; } = frame.First;

        public ulong Last { get; } = frame.Last;

        public int Bytes { get; } = frame.Body.Length;

        public long SentAt { get; } = sentAt;

        protected internal override void OnConfirmed(LogPosition position) => store.Persisted(this, position);

        protected internal override void OnFailed(StorageException error) => store.NotPersisted(this, error);
    }
}
