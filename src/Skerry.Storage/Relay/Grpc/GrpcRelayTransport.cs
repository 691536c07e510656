using System.Runtime.CompilerServices;
using Grpc.Core;
using Skerry.Storage.Relay.Fleet;
using Skerry.Storage.Relay.Grpc.Wire;
using Skerry.Storage.Relay.Security;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>The way to other nodes over gRPC, HTTP/2 and TLS 1.3 with certificates on both sides. Thread-safe.</summary>
public sealed class GrpcRelayTransport : IRelayTransport, IFleetPeers, IDisposable
{
    private readonly PeerChannels _channels;
    private readonly RelayIdentity _identity;
    private readonly RelayCallOptions _options;
    private readonly TimeProvider _time;
    private readonly string _hint;

    /// <summary>Makes the transport; it connects when it is used.</summary>
    public GrpcRelayTransport(NodeCertificates certificates, RelayIdentity identity, TimeProvider time, RelayCallOptions? options = null)
    {
        _options = options ?? new();
        _channels = new(certificates, _options);
        _identity = identity;
        _time = time;
        _hint = certificates.Hint;
    }

    /// <inheritdoc/>
    public async Task<IFollowerStream> ConnectAsync(NodeInfo follower, FollowHello hello, IFollowerEvents events, CancellationToken cancel)
    {
        var stop = new CancellationTokenSource();
        var answered = Watch(cancel, _options.AnswerTimeout);
        FollowerCall? stream = null;
        try
        {
            var call = _channels.To(follower.Address).Follow(_identity.ToHeaders(follower.Id), cancellationToken: stop.Token);
            stream = new(call, stop, events, e => Translate(e, $"stream to follower {follower.Name}", follower.Address));
            using (answered.Token.UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), stop))
            {
                await call.RequestStream.WriteAsync(new() { Hello = new() { Leader = hello.Leader.ToWire(), UploadedTo = hello.UploadedTo } }).ConfigureAwait(false);
                Check(await call.ResponseHeadersAsync.ConfigureAwait(false), follower.Address);
                await stream.OpenAsync(hello.UploadedTo).ConfigureAwait(false);
            }

            return stream;
        }
        catch (Exception e) when (PeerFailure.IsOne(e) || e is PeerUnreachableException)
        {
            // gRPC tells the reason for which the peer ended the call to its reader only.
            var cause = e is RpcException or PeerUnreachableException || stream is null ? e : await stream.CauseAsync(e).ConfigureAwait(false);
            await DisposeAsync(stream, stop).ConfigureAwait(false);
            throw Failed(cause, answered, $"connect to follower {follower.Name}", follower.Address, _options.AnswerTimeout, cancel);
        }
        catch
        {
            await DisposeAsync(stream, stop).ConfigureAwait(false);
            throw;
        }
        finally
        {
            answered.Dispose();
        }

        static async ValueTask DisposeAsync(FollowerCall? stream, CancellationTokenSource stop)
        {
            if (stream is null)
            {
                stop.Dispose();
            }
            else
            {
                await stream.DisposeAsync().ConfigureAwait(false);
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

    private PeerUnreachableException Translate(Exception e, string operation, string address) => PeerFailure.From(e, operation, address, _hint);

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
