using Grpc.Core;
using Skerry.Storage.Relay.Fleet;
using Skerry.Storage.Relay.Grpc.Wire;

namespace Skerry.Storage.Relay.Grpc;

/// <summary>The calls of the wire, one for one those of <see cref="IRelayService"/>.</summary>
internal sealed class RelayCalls(IRelayService service, ISessionFigures? figures, RelayAdmission admission, CancellationToken stopping) : Wire.Relay.RelayBase
{
    public override Task<SealAnswer> Seal(SealRequest request, ServerCallContext context) => AnswerAsync(context, async () =>
    {
        await admission.AdmitAsync(context).ConfigureAwait(false);
        var reply = await service.SealAsync(request.Session.ToSession(), request.RecoveryEpoch, context.CancellationToken).ConfigureAwait(false);
        return new SealAnswer { First = reply.First, Last = reply.Last, LeaseLeftTicks = reply.LeaseLeft.Ticks };
    });

    public override Task ReadFrames(ReadRequest request, IServerStreamWriter<FramePart> responseStream, ServerCallContext context) => AnswerAsync(context, async () =>
    {
        await admission.AdmitAsync(context).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        var part = new FramePart();
        await foreach (var frame in service.ReadFramesAsync(request.Session.ToSession(), request.From, stop.Token).ConfigureAwait(false))
        {
            var parts = FrameParts.Count(frame);
            for (var i = 0; i < parts; i++)
            {
                FrameParts.Fill(part, frame, 0, i);
                await responseStream.WriteAsync(part, stop.Token).ConfigureAwait(false);
            }
        }

        return true;
    });

    public override Task<ForgetAnswer> Forget(ForgetRequest request, ServerCallContext context) => AnswerAsync(context, async () =>
    {
        await admission.AdmitAsync(context).ConfigureAwait(false);
        await service.ForgetAsync(request.Session.ToSession(), context.CancellationToken).ConfigureAwait(false);
        return new ForgetAnswer();
    });

    public override Task<ReleaseAnswer> Release(ReleaseRequest request, ServerCallContext context) => AnswerAsync(context, async () =>
    {
        await admission.AdmitAsync(context).ConfigureAwait(false);
        var reply = await service.ReleaseAsync(
            request.OwnerSession.ToSession(), request.ToKey(), request.To.ToSession(), context.CancellationToken).ConfigureAwait(false);
        return new ReleaseAnswer { Outcome = reply.ToWire() };
    });

    public override Task<GreetAnswer> Greet(GreetRequest request, ServerCallContext context) => AnswerAsync(context, async () =>
    {
        await admission.AdmitAsync(context).ConfigureAwait(false);
        var known = await service.GreetAsync(request.Caller.ToNode(), context.CancellationToken).ConfigureAwait(false);
        return new GreetAnswer { Known = { known.Select(WireMapping.ToWire) } };
    });

    public override Task<FiguresAnswer> Figures(FiguresRequest request, ServerCallContext context) => AnswerAsync(context, async () =>
    {
        await admission.AdmitAsync(context).ConfigureAwait(false);
        return figures?.Read().ToWire() ?? throw new StorageException("This node has no session.");
    });

    // What the caller can be told: malformed messages, and failures of this node's storage. Anything else is a fault of
    // the program, which the web server's own handling logs.
    private async Task<T> AnswerAsync<T>(ServerCallContext context, Func<Task<T>> answer)
    {
        try
        {
            return await answer().ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, e.Message));
        }
        catch (StorageDamagedException e)
        {
            // Another follower may have what is damaged here.
            throw new RpcException(new Status(StatusCode.DataLoss, e.Message));
        }
        catch (Exception e) when (e is StorageException or IOException)
        {
            throw new RpcException(new Status(StatusCode.Aborted, e.Message));
        }
        catch (Exception e) when (stopping.IsCancellationRequested && e is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "The node is stopping."));
        }
        catch (Exception e) when (context.CancellationToken.IsCancellationRequested && e is OperationCanceledException or InvalidOperationException)
        {
            // The caller is gone; nobody reads this.
            throw new RpcException(Status.DefaultCancelled);
        }
    }
}
