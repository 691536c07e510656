using Skerry.Objects.Fleet;
using Skerry.Objects.Loop;

namespace Skerry.Objects.Calls;

/// <summary>
/// Carries a call to an object on another node. Runs synchronously until the call is on its way. Throws what the object
/// threw, or that the answer was lost.
/// </summary>
internal delegate Task<Travelled<TResult>> Travel<in TState, TResult>(
    ObjectReference reference, ObjectPlace place, CallLink? chain, TState state);

/// <summary>How a call to another node came out.</summary>
/// <param name="Arrived">False if the object was not there: the call has not run.</param>
/// <param name="Result">What the object answered.</param>
internal readonly record struct Travelled<TResult>(bool Arrived, TResult Result);
