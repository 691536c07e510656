namespace Skerry.Storage.Relay.Ownership;

/// <summary>
/// The epochs of an object's records: <c>claim epoch × 2^20 + n</c>, where <c>n</c> counts the object's activations within
/// the claim. So they grow with every activation that writes, on whichever node.
/// </summary>
public static class ObjectEpochs
{
    private const int ActivationBits = 20;

    /// <summary>How many activations one claim can number.</summary>
    public const uint ActivationsMax = 1u << ActivationBits;

    /// <summary>The epoch of the records that an activation writes.</summary>
    public static ulong Of(ulong claimEpoch, uint activation)
    {
        ArgumentOutOfRangeException.ThrowIfZero(claimEpoch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(activation, ActivationsMax);
        return (claimEpoch << ActivationBits) | activation;
    }

    /// <summary>The claim under which a record was written.</summary>
    public static ulong ClaimOf(ulong epoch) => epoch >> ActivationBits;
}
