using Skerry.Objects.Fleet;
using Skerry.Objects.Loop;

namespace Skerry.Objects.Calls;

/// <summary>
/// Carries a call to an object on another node. Runs synchronously until the call is on its way. Throws what the object
/// threw, or that the answer was lost.
/// </summary>
internal delegate Task<Travelled<TResult>> Travel<in TState, TResult>(
    ObjectReference reference, ObjectPlace place, CallNumber number, CallLink? chain, TState state);

/// <summary>A call's place among those sent through its stub.</summary>
/// <param name="Own">Its number, from 1.</param>
/// <param name="Before">The number of the call that was sent to the same place before it, and may still be on its way; 0 for none.</param>
internal readonly record struct CallNumber(long Own, long Before);

/// <summary>How a call to another node came out.</summary>
/// <param name="Arrived">False if the object was not there: the call has not run.</param>
/// <param name="Result">What the object answered.</param>
/// <param name="ArrivedTo">If it has not arrived: the last call before it, through the same stub, that has.</param>
internal readonly record struct Travelled<TResult>(bool Arrived, TResult Result, long ArrivedTo)
{
    public static Travelled<TResult> Answered(TResult result) => new(true, result, 0);

    public static Travelled<TResult> Missed(long arrivedTo) => new(false, default!, arrivedTo);
}
