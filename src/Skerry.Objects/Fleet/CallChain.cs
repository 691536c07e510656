using Skerry.Objects.Activation;
using Skerry.Objects.Loop;

namespace Skerry.Objects.Fleet;

/// <summary>
/// Takes the chain of callers from node to node. A link that comes back to its own node is joined to the object and the
/// critical section that it left, so that a call that returns to an object which waits for it is found to be a deadlock.
/// Waits that close a circle only together, on several nodes, are not: there the section's time limit ends them.
/// </summary>
internal static class CallChain
{
    /// <summary>The chain as another node is told of it.</summary>
    public static CallerLink[]? Depart(ObjectRuntime runtime, CallLink? chain)
    {
        if (chain is null)
        {
            return null;
        }

        var links = new CallerLink[chain.Depth];
        for (var i = 0; chain is not null; chain = chain.Parent)
        {
            links[i++] = chain.Foreign as CallerLink? ?? LinkOf(runtime, chain);
        }

        return links;
    }

    private static CallerLink LinkOf(ObjectRuntime runtime, CallLink link)
    {
        var active = (ActiveObject)link.Caller!.Owner;
        return new CallerLink(runtime.Fleet!.Self, active.Incarnation, active.Key.Namespace, active.Key.Id.ToString(), link.Section?.Number ?? 0);
    }

    /// <summary>The chain as this node understands it.</summary>
    public static CallLink? Arrive(ObjectRuntime runtime, CallerLink[]? links)
    {
        CallLink? chain = null;
        for (var i = (links?.Length ?? 0) - 1; i >= 0; i--)
        {
            var link = links![i];
            var active = link.Silo.Equals(runtime.Fleet!.Self) && link.Key is { } key ? runtime.FindPresent(key, link.Incarnation) : null;
            chain = new CallLink(active?.Loop, link.Section == 0 ? null : active?.Loop.FindSection(link.Section), chain) { Foreign = link };
        }

        return chain;
    }
}
