namespace Skerry.Simulation.Bugs;

/// <summary>Faults that are planted one at a time, to see that the checks notice them. Each stands for a mistake that code could make.</summary>
internal enum PlantedBug
{
    None,

    /// <summary>A follower acknowledges a frame when it is written, not when it is synced.</summary>
    AcknowledgeBeforeSync,

    /// <summary>A follower answers a request to seal, and goes on acknowledging.</summary>
    SkipTheSeal,

    /// <summary>A follower forgets its seals when it restarts.</summary>
    ForgetTheSeal,

    /// <summary>A takeover does not wait for the old leader's leases.</summary>
    IgnoreTheLease,

    /// <summary>A leader counts one follower too few as a quorum.</summary>
    ConfirmAtMinority,

    /// <summary>While followers change, the new set alone counts, before the record is written.</summary>
    NoJointQuorum,

    /// <summary>An object is claimed from a session that is being recovered, before it is sealed.</summary>
    ClaimBeforeSealed,

    /// <summary>A compare-and-swap whose outcome is unknown is taken for done.</summary>
    UnknownIsSuccess,

    /// <summary>An object is claimed without promoting what the old session's bundles have of it.</summary>
    SkipPromotion,

    /// <summary>The takeover leaves out the first record that is not in the bucket.</summary>
    ForgetTheFirstTransaction,

    /// <summary>A new activation writes under a lower epoch than the one before it.</summary>
    LowerEpoch,

    /// <summary>A local copy is believed because it is there.</summary>
    BelieveTheLocalCopy,

    /// <summary>The log is deleted before the snapshot that stands for it is in the bucket.</summary>
    DeleteBeforeSnapshot,

    /// <summary>An answer that has waited for an older write leaves without a lease.</summary>
    OldNewsAsLease,

    /// <summary>An object that has never written is answered for without looking whether it still has no owner.</summary>
    BelieveUnwritten,

    /// <summary>A node whose folder is another one by now answers for the one that was there before.</summary>
    AnswerForAnother,

    /// <summary>A follower that finds its log damaged goes on as if what is lost had never been there.</summary>
    TrustADamagedLog,

    /// <summary>The checksums of a follower's frames are not looked at, when they are read or when they are recovered.</summary>
    ServeDamagedFrames,

    /// <summary>The checksum of a batch file's index is not looked at.</summary>
    TrustADamagedIndex,

    /// <summary>Files that are superseded are never listed to be deleted.</summary>
    NeverTrash,

    /// <summary>Nothing of ended sessions is ever removed.</summary>
    KeepBundles,
}
