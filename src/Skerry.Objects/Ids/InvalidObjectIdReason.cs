namespace Skerry.Objects;

/// <summary>Why a text is not taken for an object's id.</summary>
public enum InvalidObjectIdReason
{
    /// <summary>It is not 64 hexadecimal digits, or it names a jurisdiction that is not known here.</summary>
    Malformed,

    /// <summary>It was not made in this namespace: it belongs to another one, or was changed or made up.</summary>
    OtherNamespace,

    /// <summary>It belongs to another jurisdiction than the one asked for.</summary>
    OtherJurisdiction,
}
