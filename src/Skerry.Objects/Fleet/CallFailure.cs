using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Skerry.Storage;

namespace Skerry.Objects.Fleet;

/// <summary>
/// An exception on its way to a caller on another node. What the runtime threw stays what it is; of what the object's
/// code threw, the plain types of the base library arrive as themselves, and everything else as
/// <see cref="DurableObjectException"/> with the code <c>object_threw</c>: a type that only one node knows could not be
/// made on the other.
/// </summary>
[GenerateSerializer]
[Immutable]
internal sealed record CallFailure
{
    private static readonly Dictionary<string, Func<string, Exception>> s_plain = new()
    {
        [nameof(ArgumentException)] = static m => new ArgumentException(m),
        [nameof(ArgumentNullException)] = static m => new ArgumentNullException(null, m),
        [nameof(ArgumentOutOfRangeException)] = static m => new ArgumentOutOfRangeException(null, m),
        [nameof(InvalidOperationException)] = static m => new InvalidOperationException(m),
        [nameof(NotSupportedException)] = static m => new NotSupportedException(m),
        [nameof(NotImplementedException)] = static m => new NotImplementedException(m),
        [nameof(KeyNotFoundException)] = static m => new KeyNotFoundException(m),
        [nameof(FormatException)] = static m => new FormatException(m),
        [nameof(OverflowException)] = static m => new OverflowException(m),
        [nameof(DivideByZeroException)] = static m => new DivideByZeroException(m),
        [nameof(IndexOutOfRangeException)] = static m => new IndexOutOfRangeException(m),
        [nameof(InvalidCastException)] = static m => new InvalidCastException(m),
        [nameof(NullReferenceException)] = static m => new NullReferenceException(m),
        [nameof(UnauthorizedAccessException)] = static m => new UnauthorizedAccessException(m),
        [nameof(TimeoutException)] = static m => new TimeoutException(m),
        [nameof(IOException)] = static m => new IOException(m),
        [nameof(OperationCanceledException)] = static m => new OperationCanceledException(m),
        [nameof(TaskCanceledException)] = static m => new TaskCanceledException(m),
        [nameof(JsonException)] = static m => new JsonException(m),
    };

    /// <summary>The code of a <see cref="DurableObjectException"/>; null for a plain type.</summary>
    [Id(0)]
    public string? Code { get; init; }

    /// <summary>The plain type's name.</summary>
    [Id(1)]
    public string? Type { get; init; }

    [Id(2)]
    public required string Message { get; init; }

    [Id(3)]
    public bool Retryable { get; init; }

    [Id(4)]
    public bool Overloaded { get; init; }

    /// <summary>The status of a <see cref="BadHttpRequestException"/>; 0 for all else.</summary>
    [Id(5)]
    public int Status { get; init; }

    public static CallFailure Of(Exception error) => error switch
    {
        DurableObjectException e => new CallFailure { Code = e.Code, Message = e.Message, Retryable = e.Retryable, Overloaded = e.Overloaded },
        StorageException e => new CallFailure { Code = "storage_failed", Message = e.Message, Retryable = true },
        BadHttpRequestException e => new CallFailure { Type = nameof(BadHttpRequestException), Message = e.Message, Status = e.StatusCode },
        _ when IsPlain(error) => new CallFailure { Type = error.GetType().Name, Message = error.Message },
        _ => new CallFailure { Code = "object_threw", Message = $"{error.GetType().Name}: {error.Message}" },
    };

    /// <summary>The exception, as the caller sees it.</summary>
    public Exception ToException()
    {
        if (Type == nameof(BadHttpRequestException))
        {
            return new BadHttpRequestException(Message, Status);
        }

        return Type is not null && s_plain.TryGetValue(Type, out var make)
            ? make(Message)
            : new DurableObjectException(Code ?? "object_threw", Message) { Retryable = Retryable, Overloaded = Overloaded, Remote = true };
    }

    private static bool IsPlain(Exception error) =>
        s_plain.TryGetValue(error.GetType().Name, out var make) && make("").GetType() == error.GetType();
}
