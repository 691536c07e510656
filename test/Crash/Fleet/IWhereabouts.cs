using Skerry.Objects;

namespace Skerry.Crash.Fleet;

/// <summary>An object that has no state and says which process it is in.</summary>
public interface IWhereabouts : IDurableObject
{
    Task<int> Process();
}

/// <inheritdoc cref="IWhereabouts"/>
public sealed class Whereabouts : DurableObject, IWhereabouts
{
    public Task<int> Process() => Task.FromResult(Environment.ProcessId);
}
