using System.Globalization;
using Skerry.Storage;

namespace Skerry.Objects.Fleet;

/// <summary>A call on its way to an object on another node.</summary>
[GenerateSerializer]
[Immutable]
internal sealed record CallRequest
{
    /// <summary>Tells the calls of a sending node apart.</summary>
    [Id(0)]
    public required Guid Number { get; init; }

    [Id(1)]
    public required string Namespace { get; init; }

    [Id(2)]
    public required string Id { get; init; }

    /// <summary>The stay in memory that the caller means; to any other one, the call has not been made.</summary>
    [Id(3)]
    public required long Incarnation { get; init; }

    [Id(4)]
    public required string Method { get; init; }

    /// <summary>The arguments, serialized by themselves, so that what cannot be read fails the call and not the connection.</summary>
    [Id(5)]
    public required byte[] Arguments { get; init; }

    /// <summary>The callers behind this call, nearest first; null if it comes from outside of any object.</summary>
    [Id(6)]
    public CallerLink[]? Chain { get; init; }

    /// <summary>The stub that it was made through.</summary>
    [Id(7)]
    public required Guid Stream { get; init; }

    /// <summary>Its number among what was sent through that stub.</summary>
    [Id(8)]
    public required long Order { get; init; }

    /// <summary>The number of what was sent before it through that stub to the same place, if that was just now; else 0.</summary>
    [Id(9)]
    public required long Follows { get; init; }
}

/// <summary>One caller behind a call; see <see cref="Loop.CallLink"/>.</summary>
/// <param name="Silo">The caller's node.</param>
/// <param name="Incarnation">The caller's stay in memory there.</param>
/// <param name="Namespace">The caller's namespace.</param>
/// <param name="Id">The caller's id.</param>
/// <param name="Section">The critical section that it waits in; 0 for none.</param>
[GenerateSerializer]
[Immutable]
internal readonly record struct CallerLink(
    [property: Id(0)] SiloAddress Silo,
    [property: Id(1)] long Incarnation,
    [property: Id(2)] string Namespace,
    [property: Id(3)] string Id,
    [property: Id(4)] long Section)
{
    /// <summary>The link as text, for a header.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{Silo.ToParsableString()} {Incarnation} {Namespace} {Id} {Section}");

    /// <summary>What <see cref="ToText"/> made.</summary>
    public static CallerLink Parse(string text)
    {
        var parts = text.Split(' ');
        return new CallerLink(
            SiloAddress.FromParsableString(parts[0]), long.Parse(parts[1], CultureInfo.InvariantCulture), parts[2], parts[3], long.Parse(parts[4], CultureInfo.InvariantCulture));
    }

    public ObjectKey? Key => Id256.TryParse(Id, out var id) ? new ObjectKey(Namespace, id) : null;
}

/// <summary>How a call has gone so far.</summary>
internal enum CallOutcome
{
    /// <summary>The object has answered.</summary>
    Answered,

    /// <summary>That stay in memory is over, and the call was not made.</summary>
    NotHere,

    /// <summary>It runs; ask again for the answer.</summary>
    Running,

    /// <summary>It has failed.</summary>
    Failed,
}

/// <summary>What a node says of a call.</summary>
[GenerateSerializer]
[Immutable]
internal sealed record CallReply
{
    public static readonly CallReply Running = new() { Outcome = CallOutcome.Running };

    [Id(0)]
    public required CallOutcome Outcome { get; init; }

    /// <summary>The result, serialized.</summary>
    [Id(1)]
    public byte[]? Result { get; init; }

    [Id(2)]
    public CallFailure? Failure { get; init; }

    /// <summary>If the object was not here: the last call before this one, through the same stub, for which it was.</summary>
    [Id(3)]
    public long ArrivedTo { get; init; }

    public static CallReply NotHere(long arrivedTo) => new() { Outcome = CallOutcome.NotHere, ArrivedTo = arrivedTo };

    public static CallReply Failed(Exception error) => new() { Outcome = CallOutcome.Failed, Failure = CallFailure.Of(error) };
}
