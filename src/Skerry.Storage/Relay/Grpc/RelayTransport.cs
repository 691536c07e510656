using System.Runtime.CompilerServices;
using Grpc.Core;
using Skerry.Storage.Relay.Fleet;
using Skerry.Storage.Relay.Grpc.Wire;
using Skerry.Storage.Relay.Security;
using Skerry.Storage.Relay.Streams;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>
/// The way to other nodes, with TLS 1.3 and certificates on both sides: calls over gRPC, and each stream of frames on a
/// connection of its own. Thread-safe.
/// </summary>
public sealed class RelayTransport : IRelayTransport, IFleetPeers, IDisposable
{
    private readonly PeerChannels _channels;
    private readonly RelayIdentity _identity;
    private readonly RelayCallOptions _options;
    private readonly TimeProvider _time;
    private readonly NodeCertificates _certificates;

    /// <summary>Makes the transport; it connects when it is used.</summary>
    public RelayTransport(NodeCertificates certificates, RelayIdentity identity, TimeProvider time, RelayCallOptions? options = null)
    {
        _options = options ?? new();
        _channels = new(certificates, _options);
        _identity = identity;
        _time = time;
        _certificates = certificates;
    }

    /// <inheritdoc/>
    public async Task<IFollowerStream> ConnectAsync(NodeInfo follower, FollowHello hello, IFollowerEvents events, CancellationToken cancel)
    {
        using var connected = Watch(cancel, _options.ConnectTimeout);
        using var answered = Watch(cancel, _options.AnswerTimeout);
        var stream = new FollowerStream(
            follower, hello, events, _certificates, _identity, e => Translate(e, $"stream to follower {follower.Name}", follower.Address));
        var operation = $"connect to follower {follower.Name}";
        var watch = connected;
        try
        {
            var open = stream.OpenAsync();
            await Until(stream.Connected, connected).ConfigureAwait(false);
            watch = answered;
            await Until(open, answered).ConfigureAwait(false);
            return stream;
        }
        catch (Exception e)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            if (e is not PeerUnreachableException && !PeerFailure.IsOne(e))
            {
                throw;
            }

            var cause = watch.Token.IsCancellationRequested ? new OperationCanceledException(e.Message, e) : e;
            throw Failed(
                cause, watch, operation, follower.Address, watch == connected ? _options.ConnectTimeout : _options.AnswerTimeout, cancel);
        }

        // Only the connection's end sets its thread free.
        async Task Until(Task task, Watchdog limit)
        {
            using (limit.Token.UnsafeRegister(static stream => ((FollowerStream)stream!).Close(), stream))
            {
                await task.ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<SealReply> SealAsync(NodeInfo follower, SessionId session, int recoveryEpoch, CancellationToken cancel)
    {
        var answer = await CallAsync(
            $"seal session {session}",
            follower.Address,
            follower.Id,
            _options.AnswerTimeout,
            (client, headers, token) => client.SealAsync(new() { Session = session.ToWire(), RecoveryEpoch = recoveryEpoch }, headers, cancellationToken: token),
            cancel).ConfigureAwait(false);
        return new(answer.First, answer.Last, new TimeSpan(answer.LeaseLeftTicks));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<Frame> ReadFramesAsync(NodeInfo follower, SessionId session, ulong from, [EnumeratorCancellation] CancellationToken cancel)
    {
        var operation = $"read session {session}";
        using var silent = Watch(cancel, _options.AnswerTimeout);
        AsyncServerStreamingCall<FramePart> call;
        try
        {
            call = _channels.To(follower.Address).ReadFrames(
                new() { Session = session.ToWire(), From = from }, _identity.ToHeaders(follower.Id), cancellationToken: silent.Token);
        }
        catch (Exception e) when (PeerFailure.IsOne(e))
        {
            throw Translate(e, operation, follower.Address);
        }

        using (call)
        {
            var frames = new FrameAssembly();
            while (true)
            {
                Frame frame;
                try
                {
                    if (!await call.ResponseStream.MoveNext(silent.Token).ConfigureAwait(false))
                    {
                        if (frames.IsOpen)
                        {
                            throw new InvalidDataException("the answer ends within a frame");
                        }

                        yield break;
                    }

                    silent.CancelAfter(_options.AnswerTimeout);
                    if (!frames.Add(call.ResponseStream.Current, out frame, out _))
                    {
                        continue;
                    }
                }
                catch (RpcException e) when (e.StatusCode == StatusCode.DataLoss)
                {
                    throw new StorageDamagedException($"What node {follower.Name} holds of session {session}", 0, e.Status.Detail);
                }
                catch (Exception e) when (PeerFailure.IsOne(e))
                {
                    throw Failed(e, silent, operation, follower.Address, _options.AnswerTimeout, cancel);
                }

                // The caller may take its time; only waiting for the peer is limited.
                silent.CancelAfter(Timeout.InfiniteTimeSpan);
                yield return frame;
                silent.CancelAfter(_options.AnswerTimeout);
            }
        }
    }

    /// <inheritdoc/>
    public Task ForgetAsync(NodeInfo follower, SessionId session, CancellationToken cancel) => CallAsync(
        $"have session {session} forgotten",
        follower.Address,
        follower.Id,
        _options.AnswerTimeout,
        (client, headers, token) => client.ForgetAsync(new() { Session = session.ToWire() }, headers, cancellationToken: token),
        cancel);

    /// <inheritdoc/>
    public async Task<ReleaseReply> ReleaseAsync(NodeInfo owner, SessionId ownerSession, ObjectKey key, SessionId to, CancellationToken cancel)
    {
        var operation = $"have object {key} released";
        var answer = await CallAsync(
            operation,
            owner.Address,
            owner.Id,
            _options.ReleaseTimeout,
            (client, headers, token) => client.ReleaseAsync(WireMapping.ToWire(ownerSession, key, to), headers, cancellationToken: token),
            cancel).ConfigureAwait(false);
        return Parse(answer, static answer => answer.ToReply(), operation, owner.Address);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<NodeInfo>> GreetAsync(string address, NodeInfo self, CancellationToken cancel)
    {
        const string operation = "greet the node";
        var answer = await CallAsync(
            operation,
            address,
            null,
            _options.AnswerTimeout,
            (client, headers, token) => client.GreetAsync(new() { Caller = self.ToWire() }, headers, cancellationToken: token),
            cancel).ConfigureAwait(false);
        return Parse(answer, static answer => answer.Known.Select(WireMapping.ToNode).ToList(), operation, address);
    }

    /// <inheritdoc/>
    public async Task<SessionFigures> ReadFiguresAsync(NodeInfo node, CancellationToken cancel)
    {
        var operation = $"ask node {node.Name} how far it is";
        var answer = await CallAsync(
            operation,
            node.Address,
            null,
            _options.AnswerTimeout,
            (client, headers, token) => client.FiguresAsync(new(), headers, cancellationToken: token),
            cancel).ConfigureAwait(false);
        return Parse(answer, static answer => answer.ToFigures(), operation, node.Address);
    }

    /// <inheritdoc/>
    public void Dispose() => _channels.Dispose();

    private async Task<TAnswer> CallAsync<TAnswer>(
        string operation, string address, NodeId? meant, TimeSpan timeout, Func<Wire.Relay.RelayClient, Metadata, CancellationToken, AsyncUnaryCall<TAnswer>> start, CancellationToken cancel)
    {
        using var watch = Watch(cancel, timeout);
        try
        {
            using var call = start(_channels.To(address), meant is { } node ? _identity.ToHeaders(node) : _identity.ToHeaders(), watch.Token);
            var answer = await call.ResponseAsync.ConfigureAwait(false);
            Check(await call.ResponseHeadersAsync.ConfigureAwait(false), address);
            return answer;
        }
        catch (Exception e) when (PeerFailure.IsOne(e))
        {
            throw Failed(e, watch, operation, address, timeout, cancel);
        }
    }

    private TResult Parse<TAnswer, TResult>(TAnswer answer, Func<TAnswer, TResult> parse, string operation, string address)
    {
        try
        {
            return parse(answer);
        }
        catch (InvalidDataException e)
        {
            throw Translate(e, operation, address);
        }
    }

    private void Check(Metadata theirs, string address)
    {
        if (_identity.Objection(theirs, $"The server at {address}") is { } objection)
        {
            throw new PeerUnreachableException(objection);
        }
    }

    private Watchdog Watch(CancellationToken cancel, TimeSpan timeout) => new(cancel, timeout, _time);

    private PeerUnreachableException Translate(Exception e, string operation, string address) => PeerFailure.From(e, operation, address, _certificates.Hint);

    // Our own limit and the caller's wish both show as a cancelled call.
    private Exception Failed(Exception e, Watchdog watch, string operation, string address, TimeSpan timeout, CancellationToken cancel)
    {
        var cancelled = e is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled };
        if (cancelled && cancel.IsCancellationRequested)
        {
            return new OperationCanceledException(e.Message, e, cancel);
        }

        return cancelled && watch.HasExpired
            ? new PeerUnreachableException($"Cannot {operation}: {address} has not answered within {timeout.TotalSeconds} s.", e)
            : Translate(e, operation, address);
    }
}
