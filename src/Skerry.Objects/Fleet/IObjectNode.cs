using Orleans.Services;

namespace Skerry.Objects.Fleet;

/// <summary>
/// What one node asks of another about objects. Addressed by node, not by object: messages from one node to another
/// arrive in order, so calls through one stub do too.
/// </summary>
internal interface IObjectNode : IGrainService
{
    /// <summary>Opens the way: what is sent after this has been answered keeps its order.</summary>
    Task Greet();

    /// <summary>Calls an object. Answers after a while in any case: with <see cref="CallOutcome.Running"/> if it still runs.</summary>
    Task<CallReply> Call(CallRequest request);

    /// <summary>Asks for the answer of a call that was running.</summary>
    Task<CallReply> Wait(Guid number);

    /// <summary>The token that the caller passed to a call is cancelled.</summary>
    Task Cancel(Guid number);

    /// <summary>An alarm of an object has come due on a node that looked after it.</summary>
    Task<CallReply> RunAlarm(string @namespace, string id, long incarnation);

    /// <summary>A node takes no more objects.</summary>
    Task Leaving(SiloAddress silo);
}
