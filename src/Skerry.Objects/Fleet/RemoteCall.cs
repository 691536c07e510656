using Skerry.Objects.Calls;
using Skerry.Objects.Loop;

namespace Skerry.Objects.Fleet;

/// <summary>The sending side of a call to another node.</summary>
internal static class RemoteCall
{
    /// <summary>Sends a call and waits for its answer, which has no result if the object is not there and the call has not run.</summary>
    public static async Task<CallReply> SendAsync(
        ObjectReference reference, ObjectPlace place, CallNumber number, CallLink? chain, string method, byte[] arguments, CancellationToken token)
    {
        var nodes = reference.Runtime.Fleet!;
        if (!nodes.IsAlive(place.Silo))
        {
            // What was sent before may be lost with the node: nothing that waits for it would ever know.
            return CallReply.NotHere(long.MaxValue);
        }

        var node = nodes.Node(place.Silo);
        var request = new CallRequest
        {
            Number = Guid.NewGuid(),
            Namespace = reference.Id.Namespace,
            Id = reference.Id.ToString(),
            Incarnation = place.Incarnation,
            Method = method,
            Arguments = arguments,
            Stream = reference.Stream,
            Order = number.Own,
            Follows = number.Before,
            Chain = CallChain.Depart(reference.Runtime, chain),
        };
        CallReply reply;
        try
        {
            // 1. On its way, in this very turn.
            var call = node.Call(request);
            using var cancelling = token.UnsafeRegister(static s => SendCancel(s), (node, request.Number));

            // 2. The answer, or a sign of life now and then.
            reply = await call.ConfigureAwait(false);
            while (reply.Outcome == CallOutcome.Running)
            {
                reply = await node.Wait(request.Number).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (IsLost(e))
        {
            throw new DurableObjectException(
                "node_lost", $"The node with {reference.Id} did not answer. The call may have run or not.", e)
            { Retryable = true, Remote = true };
        }

        // 3.
        return reply.Outcome == CallOutcome.Failed ? throw reply.Failure!.ToException() : reply;
    }

    private static void SendCancel(object? state)
    {
        var (node, number) = ((IObjectNode, Guid))state!;
        _ = node.Cancel(number);
    }

    /// <summary>What Orleans throws when a node does not answer.</summary>
    public static bool IsLost(Exception e) => e is OrleansException or TimeoutException or Orleans.Runtime.Messaging.ConnectionFailedException;
}
