using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Skerry.Objects.Fleet;

/// <summary>Places objects; see <see cref="FleetNodes.Choose"/>.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class ObjectPlacement : PlacementStrategy
{
    public static readonly ObjectPlacement Instance = new();
}

/// <summary>Marks a grain as an object's place.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ObjectPlacementAttribute() : PlacementAttribute(ObjectPlacement.Instance);

/// <inheritdoc cref="ObjectPlacement"/>
internal sealed class ObjectPlacementDirector(FleetNodes? nodes) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        return Task.FromResult(nodes is null || silos.Length == 1
            ? silos[0]
            : nodes.Choose(target.GrainIdentity.Key.ToString()!, target.RequestContextData?.GetValueOrDefault(FleetNodes.HintKey) as string, silos));
    }
}
