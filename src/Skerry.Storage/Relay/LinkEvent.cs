namespace Skerry.Storage.Relay;

internal enum LinkEventKind
{
    Up,
    Acknowledged,
    Down,
    Refused,
}

/// <summary>What a link tells the leader, on its way to the leader's thread.</summary>
internal readonly record struct LinkEvent(LinkEventKind Kind, FollowerLink Link, ulong Held, long SentAt, int RecoveryEpoch);
