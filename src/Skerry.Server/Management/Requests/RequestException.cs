using Skerry.Server.Management.Api;

namespace Skerry.Server.Management.Requests;

/// <summary>A request that is refused, with its answer.</summary>
internal sealed class RequestException : Exception
{
    /// <summary>Refuses for several reasons.</summary>
    public RequestException(int status, IReadOnlyList<ApiMessage> errors)
        : base(errors[0].Message) => (Status, Errors) = (status, errors);

    /// <summary>Refuses for one reason.</summary>
    public RequestException(int status, int code, string message)
        : this(status, [new(code, message)])
    {
    }

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>When to try again; null where that does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Why.</summary>
    public IReadOnlyList<ApiMessage> Errors { get; }
}
