namespace Skerry.Storage.Relay;

/// <summary>How far a session is, all of one instant: what is confirmed can be compared with what each follower holds.</summary>
/// <param name="Appended">The last record of its log.</param>
/// <param name="Confirmed">Records up to this are confirmed.</param>
/// <param name="Uploaded">Records up to this are in the bucket.</param>
/// <param name="Followers">The followers, and those that are to become some.</param>
public sealed record LeaderStatus(ulong Appended, ulong Confirmed, ulong Uploaded, IReadOnlyList<FollowerStatus> Followers);
