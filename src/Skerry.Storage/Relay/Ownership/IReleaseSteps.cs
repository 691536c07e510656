namespace Skerry.Storage.Relay.Ownership;

/// <summary>What the node does before an object leaves it.</summary>
public interface IReleaseSteps
{
    /// <summary>
    /// Ends the object's activation: afterwards nothing of it is under way, and everything it wrote is confirmed or has failed.
    /// An activation that still waits for its claim waits for this release, and must not be waited for.
    /// </summary>
    Task EndActivationAsync(ObjectKey key, CancellationToken cancel);

    /// <summary>Puts every confirmed record of the object into the bucket. Waits for an unreachable bucket.</summary>
    Task UploadAsync(ObjectKey key, CancellationToken cancel);
}
