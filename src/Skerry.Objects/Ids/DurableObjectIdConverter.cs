using Skerry.Storage;

namespace Skerry.Objects;

/// <summary>An id on its way to another node.</summary>
[GenerateSerializer]
internal struct TravellingId
{
    [Id(0)]
    public string Namespace;

    [Id(1)]
    public string Value;

    [Id(2)]
    public string? Name;
}

/// <summary>Lets ids be passed to objects on other nodes.</summary>
[RegisterConverter]
internal sealed class DurableObjectIdConverter : IConverter<DurableObjectId, TravellingId>
{
    public DurableObjectId ConvertFromSurrogate(in TravellingId surrogate) => Id256.TryParse(surrogate.Value, out var id)
        ? new DurableObjectId(id, surrogate.Namespace, surrogate.Name, (Jurisdiction)id.Bytes[0])
        : throw new FormatException($"'{surrogate.Value}' is not an object's id.");

    public TravellingId ConvertToSurrogate(in DurableObjectId value) =>
        new() { Namespace = value.Namespace, Value = value.ToString(), Name = value.Name };
}
