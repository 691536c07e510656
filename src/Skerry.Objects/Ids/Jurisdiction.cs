namespace Skerry.Objects;

/// <summary>
/// Where an object and its data have to stay. It is part of the object's id and cannot change; the numbers are
/// stored in ids and never reused.
/// </summary>
public enum Jurisdiction : byte
{
    /// <summary>Anywhere.</summary>
    None = 0,

    /// <summary>The European Union (<c>eu</c>).</summary>
    Eu = 1,

    /// <summary>Places that satisfy FedRAMP (<c>fedramp</c>).</summary>
    FedRamp = 2,
}
