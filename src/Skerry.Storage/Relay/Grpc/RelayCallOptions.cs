namespace Skerry.Storage.Relay.Grpc;

/// <summary>How long a node waits for another.</summary>
public sealed record RelayCallOptions
{
    /// <summary>For a connection. Default 1 s: within a site one takes milliseconds.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// For the answer to one call, and for the next part of a long one. Default 5 s, for the peer may have to sync its disk. A peer that is
    /// gone is noticed earlier, by <see cref="SilenceMax"/>.
    /// </summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For a release: the owner has to end the object's work and to upload its records. Default 30 s.</summary>
    public TimeSpan ReleaseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a connection in use may be silent; then the peer is asked for a sign of life, for which it has as long
    /// again. Default 1 s, the least that HTTP/2 connections of .NET can do.
    /// </summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromSeconds(1);
}
